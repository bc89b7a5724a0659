# The simulator's own tests: that it finds faults, and what an epoch asks of the device.
sim_unit(faults faults.cu)
sim_test(test_faults faults)

# The kinds of faults that this build can find, by the compiler's flags.
set(variant plain)
foreach(seen address memory thread)
  if(CMAKE_CXX_FLAGS MATCHES "fsanitize=([a-z,]*,)?${seen}")
    string(SUBSTRING ${seen} 0 1 letter)
    set(variant ${letter}san)
  endif()
endforeach()

if(NOT variant STREQUAL tsan) # it would report races in the lists of calls
  foreach(name test_calls test_calls_load)
    sim_unit(${name} ${name}.c)
    sim_test(${name} ${name})
  endforeach()
endif()

string(TOUPPER "${CMAKE_BUILD_TYPE}" type)
separate_arguments(link_flags UNIX_COMMAND "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${type}}")
if(NOT BLOB_SIM_ONLY)
  list(APPEND link_flags ${OpenMP_C_FLAGS})
endif()
judged(test_plant
       COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/plant.sh ${root} ${CMAKE_BINARY_DIR} ${variant}
               ${CMAKE_CXX_COMPILER} ${link_flags} $<TARGET_OBJECTS:test_sim_play> @
               $<TARGET_FILE:sim> -lm)
