# host/options/revision.cmake - writes the git revision of SOURCE into the header FILE, if it has changed.
set(revision "")
if(EXISTS ${SOURCE}/.git) # sources without it may lie in somebody else's repository
  execute_process(COMMAND git describe --always --dirty WORKING_DIRECTORY ${SOURCE} OUTPUT_VARIABLE revision
                  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(NOT revision)
  set(revision unknown)
endif()
set(text "#define BLOB_REVISION \"${revision}\"\n")
set(old "")
if(EXISTS ${FILE})
  file(READ ${FILE} old)
endif()
if(NOT text STREQUAL old)
  file(WRITE ${FILE} ${text})
endif()
