# scripts/package.cmake - where `cmake --install` puts what, and the Debian package that cpack makes of it.
include(GNUInstallDirs)
set(CMAKE_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
get_property(programs GLOBAL PROPERTY BLOB_PROGRAMS)
get_property(libraries GLOBAL PROPERTY BLOB_LIBRARIES)
get_property(unpacked GLOBAL PROPERTY BLOB_UNPACKED)

# Libraries that scripts/offline_deps.sh fetched are installed beside the programs, which find them by a
# relative run path, so that the prefix can be moved. Others stay where they were found, as CUDA's and
# MPI's in /opt may; in the package none is named, since it needs those of the system.
option(CMAKE_INSTALL_RPATH_USE_LINK_PATH "installed programs find libraries where the build did" ON)
set(link_path ${CMAKE_INSTALL_RPATH_USE_LINK_PATH})
set(run_path "")
if(unpacked)
  file(RELATIVE_PATH from_bin ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR}/blob)
  set(run_path $ORIGIN/${from_bin})
  cmake_path(IS_PREFIX CMAKE_SOURCE_DIR ${deps} inside) # CMake names no folder inside of the sources
  if(NOT inside)
    set(link_path OFF)
  endif()
endif()
if(BLOB_CUDA)
  list(APPEND run_path ${CUDAToolkit_LIBRARY_DIR})
endif()
set_target_properties(${programs} PROPERTIES INSTALL_RPATH "${run_path}"
                      INSTALL_RPATH_USE_LINK_PATH ${link_path})
if(unpacked)
  string(REGEX REPLACE "[^A-Za-z0-9/_-]" "[\\0]" folder ${deps}/root/) # as a regular expression
  install(TARGETS ${programs} RUNTIME_DEPENDENCY_SET needed)
  install(RUNTIME_DEPENDENCY_SET needed POST_INCLUDE_REGEXES "^${folder}" POST_EXCLUDE_REGEXES ".*"
          LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/blob)
else()
  install(TARGETS ${programs})
endif()

# Manual pages and completion, written by the programs themselves. Programs for another machine need an
# emulator for that.
find_program(GZIP gzip)
set(pages "")
if(NOT CMAKE_CROSSCOMPILING OR CMAKE_CROSSCOMPILING_EMULATOR)
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/pages)
  foreach(program ${programs})
    set(man ${CMAKE_BINARY_DIR}/pages/${program}.1)
    set(bash ${CMAKE_BINARY_DIR}/pages/${program}.bash)
    add_custom_command(OUTPUT ${man} ${bash} DEPENDS ${program} VERBATIM
                       COMMAND ${program} --describe=man > ${man}
                       COMMAND ${program} --describe=bash > ${bash})
    install(FILES ${bash} DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME ${program})
    list(APPEND pages ${man})
  endforeach()
else()
  message(STATUS "no CMAKE_CROSSCOMPILING_EMULATOR: manual pages and completion are left out")
endif()

# installed_script(): installs a script as a program; its page is made of the text at its beginning.
function(installed_script file name)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  set(page ${CMAKE_BINARY_DIR}/pages/${name}.1)
  file(READ ${file} text)
  string(REPLACE "VERSION = \"of the source tree\"" "VERSION = \"${PROJECT_VERSION}\"" text "${text}")
  string(REPLACE ${file} ${name} text "${text}")
  file(WRITE ${CMAKE_BINARY_DIR}/pages/${name} "${text}")
  install(PROGRAMS ${CMAKE_BINARY_DIR}/pages/${name} TYPE BIN)
  if(NOT text MATCHES "\"\"\"[^ ]+ - ([^\n]+)[.]\n\n +[^ ]+ ([^\n]+)\n\n([^\"]+)\"\"\"")
    message(FATAL_ERROR "${file}: begins with no text of name, usage and description")
  endif()
  string(TOUPPER ${name} title)
  string(CONCAT man ".TH ${title} 1 \"\" \"Blob ${PROJECT_VERSION}\" \"User Commands\"\n.SH NAME\n"
                "${name} - ${CMAKE_MATCH_1}\n.SH SYNOPSIS\n.B ${name}\n${CMAKE_MATCH_2}\n"
                ".SH DESCRIPTION\n${CMAKE_MATCH_3}")
  string(REPLACE "-" "\\-" man "${man}")
  file(WRITE ${page} "${man}")
  set(pages ${pages} ${page} PARENT_SCOPE)
endfunction()
installed_script(scripts/report.py blob-report)
installed_script(scripts/timeline_summary.py blob-timeline)

foreach(page ${pages})
  if(GZIP)
    add_custom_command(OUTPUT ${page}.gz DEPENDS ${page} COMMAND ${GZIP} -9nkf ${page} VERBATIM)
    set(page ${page}.gz)
  endif()
  list(APPEND finished ${page})
  install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endforeach()
add_custom_target(pages ALL DEPENDS ${finished})

# The pages in Markdown, in folders as here, so that their links work.
install(FILES LICENSE TYPE DOC RENAME copyright) # the name that Debian asks for
foreach(file README.md bench/README.md device/README.md host/README.md host/train/report.png nn/README.md
        tests/README.md)
  cmake_path(GET file PARENT_PATH folder)
  install(FILES ${file} DESTINATION ${CMAKE_INSTALL_DOCDIR}/${folder})
endforeach()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME blob)
set(CPACK_PACKAGE_VENDOR "the Blob authors")
set(CPACK_PACKAGE_CONTACT "the Blob authors" CACHE STRING "who made the package: name <address>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "self-play and training for the card game Oh Hell")
set(CPACK_PACKAGE_DESCRIPTION
    "Blob learns the trick-taking card game Oh Hell by playing against itself
with batched tree search and a transformer, and training on every game. The
games are written as safetensors, for PyTorch too.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "python3-matplotlib, openmpi-bin")
find_program(DPKG_SHLIBDEPS dpkg-shlibdeps)
find_program(FILE_PROGRAM file) # CPack asks it which files are programs
set(packages python3) # of the scripts
if(DPKG_SHLIBDEPS AND FILE_PROGRAM)
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
else() # then the packages that the libraries come from; from which versions on they serve stays unknown
  list(APPEND packages libc6 libgomp1)
  get_target_property(definitions core COMPILE_DEFINITIONS)
  if("BLOB_MPI" IN_LIST definitions)
    list(APPEND packages "libopenmpi3 | libopenmpi40")
  endif()
  foreach(library ${libraries})
    file(REAL_PATH ${library} library)
    execute_process(COMMAND dpkg-query -S ${library} OUTPUT_VARIABLE owner ERROR_QUIET)
    if(owner MATCHES "^([^:]+):")
      list(APPEND packages ${CMAKE_MATCH_1})
    endif()
  endforeach()
endif()
list(JOIN packages ", " CPACK_DEBIAN_PACKAGE_DEPENDS)
include(CPack)
