# The C++ library verihook::webhooks (docs/library.md) and nothing else: an archive with one object,
# which is linked with all that it uses of src/ and Boost.JSON. Of its names only the documented
# ones are global, so that none of ours meets another of the same name in the program that links it;
# and none is in a COMDAT group, which another object could take the place of.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)
find_package(OpenSSL 3.0 REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(fmt REQUIRED)
find_program(VERIHOOK_LD ld.lld-19 REQUIRED)
find_program(VERIHOOK_OBJCOPY llvm-objcopy-19 REQUIRED)

set(library_sources cmake/boost_impl/json.cc)
foreach(name base/clock base/random base/result base/text crypto/constant_time crypto/ed25519
        crypto/encoding crypto/hmac crypto/sha256 crypto/system_random webhooks/asymmetric
        webhooks/body_forms webhooks/canonical_json webhooks/diagnosis webhooks/json_writer
        webhooks/library/check webhooks/library/payload webhooks/library/sign webhooks/signature
        webhooks/strict_json webhooks/verifier_config webhooks/verify)
  list(APPEND library_sources src/${name}.cc)
endforeach()
add_library(library_objects OBJECT ${library_sources})
target_include_directories(library_objects PRIVATE src)
target_include_directories(library_objects SYSTEM PRIVATE ${Boost_INCLUDE_DIRS})
target_compile_definitions(library_objects PRIVATE BOOST_JSON_NO_LIB)
# Sections of their own, so that --gc-sections leaves away what a program does not use.
target_compile_options(library_objects PRIVATE -ffunction-sections -fdata-sections)
set_source_files_properties(cmake/boost_impl/json.cc PROPERTIES COMPILE_OPTIONS -w)
set_target_properties(library_objects PROPERTIES POSITION_INDEPENDENT_CODE ON)
target_link_libraries(library_objects PRIVATE OpenSSL::Crypto fmt::fmt-header-only)

set(archive ${CMAKE_BINARY_DIR}/libverihook_webhooks.a)
set(object ${CMAKE_BINARY_DIR}/verihook_webhooks.o)
add_custom_command(OUTPUT ${archive}
  COMMAND ${VERIHOOK_LD} -r --force-group-allocation -o ${object}
          $<TARGET_OBJECTS:library_objects>
  COMMAND ${VERIHOOK_OBJCOPY} --strip-debug --wildcard
          --keep-global-symbol=_ZN8verihook8webhooks2v1*
          --keep-global-symbol=_ZNK8verihook8webhooks2v1* ${object}
  COMMAND ${CMAKE_COMMAND} -E rm -f ${archive}
  COMMAND ${CMAKE_AR} qcs ${archive} ${object}
  DEPENDS library_objects $<TARGET_OBJECTS:library_objects>
  COMMAND_EXPAND_LISTS VERBATIM)
add_custom_target(library ALL DEPENDS ${archive})

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/verihook)
configure_package_config_file(${CMAKE_SOURCE_DIR}/cmake/verihookConfig.cmake.in
  ${CMAKE_BINARY_DIR}/verihookConfig.cmake INSTALL_DESTINATION ${package}
  PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/verihookConfigVersion.cmake
                                 COMPATIBILITY SameMajorVersion)
install(FILES ${archive} DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES src/webhooks/library/webhooks.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/verihook)
install(FILES ${CMAKE_BINARY_DIR}/verihookConfig.cmake
        ${CMAKE_BINARY_DIR}/verihookConfigVersion.cmake DESTINATION ${package})
