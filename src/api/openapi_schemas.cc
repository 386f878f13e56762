#include "api/openapi_schemas.h"

// The assembler copies the file as it is.
__asm__(
    ".section .rodata\n"
    ".global verihook_openapi_schemas_begin\n"
    ".global verihook_openapi_schemas_end\n"
    "verihook_openapi_schemas_begin:\n"
    ".incbin \"" VERIHOOK_OPENAPI_SCHEMAS_FILE
    "\"\n"
    "verihook_openapi_schemas_end:\n"
    ".byte 0\n"
    ".text\n");

extern "C" {
extern const char verihook_openapi_schemas_begin[];
extern const char verihook_openapi_schemas_end[];
}

namespace verihook::api {

std::string_view openapi_schemas() {
  return {verihook_openapi_schemas_begin, verihook_openapi_schemas_end};
}

}  // namespace verihook::api
