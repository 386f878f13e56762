# Flags, linker and compiler cache: what every target shares.
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_link_options(-fuse-ld=lld-19)
endif()

add_compile_options(-Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Werror
                    -fno-omit-frame-pointer -fstack-protector-strong)
# Debug information costs two thirds of a sanitized build's time; line tables are what reports need.
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -gline-tables-only")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG -D_FORTIFY_SOURCE=2")
set(CMAKE_C_FLAGS_DEBUG "-O1 -gline-tables-only")

if(VERIHOOK_SANITIZE)
  add_compile_options(-fsanitize=${VERIHOOK_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${VERIHOOK_SANITIZE})
endif()
if(VERIHOOK_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(VERIHOOK_COVERAGE)
  add_compile_options(-fprofile-instr-generate -fcoverage-mapping)
  add_link_options(-fprofile-instr-generate)
endif()
