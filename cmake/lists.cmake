# The list file (lists/README.md) compiled and embedded: target `embedded_lists`, which defines what
# src/address/embedded_lists.h declares. Only this needs node and npm (tools/setup has them).
set(lists_file ${CMAKE_BINARY_DIR}/lists/lists.txt)
file(GLOB lists_inputs CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/lists/*.txt
     ${CMAKE_SOURCE_DIR}/lists/compile.mjs ${CMAKE_SOURCE_DIR}/lists/package-lock.json)
add_custom_command(OUTPUT ${lists_file}
  COMMAND ${CMAKE_SOURCE_DIR}/tools/lists ${lists_file}
  COMMAND ${CMAKE_COMMAND} -E touch ${lists_file}
  DEPENDS ${lists_inputs} ${CMAKE_SOURCE_DIR}/tools/lists
  COMMENT "Compiling the disposable, free and role lists" VERBATIM)

configure_file(${CMAKE_SOURCE_DIR}/cmake/embedded_lists.cc.in
               ${CMAKE_BINARY_DIR}/lists/embedded_lists.cc @ONLY)
add_library(embedded_lists STATIC ${CMAKE_BINARY_DIR}/lists/embedded_lists.cc)
target_include_directories(embedded_lists PUBLIC ${CMAKE_SOURCE_DIR}/src)
# .incbin is invisible to the dependency scan, so the object is told what it reads.
set_source_files_properties(${CMAKE_BINARY_DIR}/lists/embedded_lists.cc
                            PROPERTIES OBJECT_DEPENDS ${lists_file})
