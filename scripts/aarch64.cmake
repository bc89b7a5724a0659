# scripts/aarch64.cmake - builds for aarch64 elsewhere and runs the tests under qemu-user: a toolchain file.
#
# Debian: gcc-aarch64-linux-gnu, g++-aarch64-linux-gnu, qemu-user-static. The libraries come from the
# folder BLOB_DEPS, where scripts/test_aarch64.sh puts them; of this machine's none is taken.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(triple aarch64-linux-gnu)
set(CMAKE_C_COMPILER ${triple}-gcc)
set(CMAKE_CXX_COMPILER ${triple}-g++)
set(CMAKE_LIBRARY_ARCHITECTURE ${triple})
set(CMAKE_FIND_ROOT_PATH /usr/${triple})
if(DEFINED ENV{BLOB_DEPS})
  list(PREPEND CMAKE_FIND_ROOT_PATH $ENV{BLOB_DEPS}/root)
endif()
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64-static -L /usr/${triple})
# MPI's compiler wrapper is a program of this machine, with this machine's libraries.
set(CMAKE_DISABLE_FIND_PACKAGE_MPI ON)
