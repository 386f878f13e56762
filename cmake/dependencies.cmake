# Third-party libraries, all from Debian 12; docs/decisions/0001 says why these.
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(CURL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED COMPONENTS core)
find_package(GTest REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(CARES REQUIRED IMPORTED_TARGET libcares)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(ICU REQUIRED IMPORTED_TARGET icu-uc)
pkg_check_modules(PSL REQUIRED IMPORTED_TARGET libpsl)
pkg_check_modules(HIREDIS REQUIRED IMPORTED_TARGET hiredis)
pkg_check_modules(PQ REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(TOMLPP REQUIRED IMPORTED_TARGET tomlplusplus)
find_package(Boost 1.81 REQUIRED)
# The sanitizers bring an allocator of their own.
if(NOT VERIHOOK_SANITIZE)
  pkg_check_modules(TCMALLOC REQUIRED IMPORTED_TARGET libtcmalloc_minimal)
endif()

# Asio, Beast, JSON and URL are compiled once, into one library; every other file sees declarations.
# A coroutine's frame is just as large as it must be: Asio would give a small one that waits for
# long the place of a large one that ended.
add_library(boost_impl STATIC ${CMAKE_SOURCE_DIR}/cmake/boost_impl/asio.cc
            ${CMAKE_SOURCE_DIR}/cmake/boost_impl/beast.cc
            ${CMAKE_SOURCE_DIR}/cmake/boost_impl/json.cc
            ${CMAKE_SOURCE_DIR}/cmake/boost_impl/url.cc)
target_include_directories(boost_impl SYSTEM PUBLIC ${Boost_INCLUDE_DIRS})
target_compile_definitions(boost_impl PUBLIC BOOST_ASIO_SEPARATE_COMPILATION
  BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_JSON_NO_LIB BOOST_URL_NO_LIB
  BOOST_ASIO_DISABLE_BOOST_DATE_TIME BOOST_ASIO_DISABLE_AWAITABLE_FRAME_RECYCLING)
target_compile_options(boost_impl PRIVATE -w)
target_link_libraries(boost_impl PUBLIC OpenSSL::SSL OpenSSL::Crypto Threads::Threads)
