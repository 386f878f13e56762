#include "api/openapi_schemas.h"

#include <string_view>

namespace verihook::api {
namespace {

struct Schema {
  std::string_view name;
  std::string_view json;
};

constexpr Schema kSchemas[] = {
    {"Error", R"({"type":"object","properties":{"error":{"type":"string"},"code":{"type":"string")"
              R"(},"request_id":{"type":"string"}},"required":["error","code","request_id"],"addi)"
              R"(tionalProperties":false})"},
    {"Summary",
     R"({"type":"object","properties":{"total":{"type":"integer"},"valid":{"type":"integ)"
     R"(er"},"invalid":{"type":"integer"},"risky":{"type":"integer"},"unknown":{"type":")"
     R"(integer"},"disposable":{"type":"integer"},"catch_all":{"type":"integer"},"role":)"
     R"({"type":"integer"},"free":{"type":"integer"},"duplicates":{"type":"integer"}},"r)"
     R"(equired":["total","valid","invalid","risky","unknown","disposable","catch_all",")"
     R"(role","free","duplicates"],"additionalProperties":false})"},
    {"Verdict",
     R"({"type":"object","properties":{"email":{"type":"string"},"normalized_email":{"ty)"
     R"(pe":["string","null"]},"is_valid":{"type":"boolean"},"status":{"type":"string",")"
     R"(enum":["valid","invalid","risky","unknown"]},"reason":{"type":"string","pattern")"
     R"(:"^[a-z0-9_]+$"},"score":{"type":"integer"},"is_disposable":{"type":["boolean",")"
     R"(null"]},"is_role":{"type":["boolean","null"]},"is_free":{"type":["boolean","null)"
     R"("]},"is_catch_all":{"type":["boolean","null"]},"is_full_mailbox":{"type":["boole)"
     R"(an","null"]},"is_disabled":{"type":["boolean","null"]},"is_alias_relay":{"type":)"
     R"(["boolean","null"]},"is_tagged":{"type":["boolean","null"]},"suggestion":{"type")"
     R"(:["string","null"]},"user":{"type":["string","null"]},"domain":{"type":["string")"
     R"(,"null"]},"mx":{"type":["object","null"],"properties":{"found":{"type":"boolean")"
     R"(},"host":{"type":["string","null"]},"records":{"type":"array","items":{"type":"s)"
     R"(tring"}},"provider":{"type":["string","null"]},"implicit":{"type":"boolean"},"nu)"
     R"(ll_mx":{"type":"boolean"}}},"smtp":{"type":"object","properties":{"checked":{"ty)"
     R"(pe":"boolean"},"stage":{"type":["string","null"]},"code":{"type":["integer","nul)"
     R"(l"]},"enhanced_code":{"type":["string","null"]},"message":{"type":["string","nul)"
     R"(l"]},"attempts":{"type":"integer"}},"additionalProperties":false},"retryable":{")"
     R"(type":"boolean"},"retry_after":{"type":["string","null"],"format":"date-time"},")"
     R"(checked_at":{"type":"string","format":"date-time"},"duration_ms":{"type":"intege)"
     R"(r"},"row":{"type":["integer","null"]},"id":{"type":["string","null"]},"data":{},)"
     R"("syntax":{"type":"string"},"trace":{"type":"object","properties":{"lists":{"type":)"
     R"("array","items":{"type":"string"}},"dns":{"type":"array","items":{"type":"string"}},)"
     R"("smtp":{"type":"array","items":{"type":"string"}}},"additionalProperties":false}},)"
     R"("required":["email","is_valid","status","reason","sc)"
     R"(ore","checked_at"],"additionalProperties":false})"},
    {"Verdicts", R"({"type":"array","items":{"$ref":"#/components/schemas/Verdict"}})"},
    {"VerifyRequest",
     R"({"type":"object","properties":{"email":{"type":"string"},"smtp":{"type":"boolean)"
     R"("},"timeout_ms":{"type":"integer"},"metadata":{"type":"object"}},"required":["em)"
     R"(ail"],"additionalProperties":false})"},
    {"JobOptions",
     R"({"type":"object","properties":{"smtp":{"type":"boolean"},"disposable_as":{"type")"
     R"(:"string","enum":["risky","invalid","flag"]},"role_as":{"type":"string","enum":[)"
     R"("flag","risky"]},"catch_all_as":{"type":"string","enum":["risky","valid","unknow)"
     R"(n"]},"greylist":{"type":"string","enum":["wait","skip"]},"cache":{"type":"boolea)"
     R"(n"},"deadline_s":{"type":"integer"}},"additionalProperties":false})"},
    {"BulkRequest",
     R"({"type":"object","properties":{"emails":{"type":"array","items":{"type":"string")"
     R"(}},"name":{"type":"string"},"metadata":{"type":"object"},"options":{"$ref":"#/co)"
     R"(mponents/schemas/JobOptions"},"webhook_url":{"type":"string"},"webhook_secret":{)"
     R"("type":"string"}},"required":["emails"],"additionalProperties":false})"},
    {"BulkCreated",
     R"({"type":"object","properties":{"job_id":{"type":"string"},"status":{"type":"stri)"
     R"(ng"},"total":{"type":"integer"},"duplicates":{"type":"integer"},"metadata":{"typ)"
     R"(e":"object"},"created_at":{"type":"string","format":"date-time"},"webhook_id":{")"
     R"(type":"string"},"webhook_secret":{"type":"string"}},"required":["job_id","status)"
     R"(","total","duplicates"],"additionalProperties":false})"},
    {"Job", R"({"type":"object","properties":{"job_id":{"type":"string"},"status":{"type":"stri)"
            R"(ng","enum":["queued","parsing","processing","paused","completed","failed","cance)"
            R"(lled"]},"name":{"type":["string","null"]},"total":{"type":"integer"},"duplicates)"
            R"(":{"type":"integer"},"processed_count":{"type":"integer"},"total_count":{"type":)"
            R"("integer"},"percent_complete":{"type":"number"},"estimated_completion":{"type":[)"
            R"("string","null"],"format":"date-time"},"parked_count":{"type":"integer"},)"
            R"("parked_until":{"type":["string","null"],"format":"date-time"},)"
            R"("summary":{"$ref":"#/components/schemas/S)"
            R"(ummary"},"metadata":{"type":"object"},"error_code":{"type":["string","null"]},"e)"
            R"(rror_message":{"type":["string","null"]},"download_url":{"type":"string"},"creat)"
            R"(ed_at":{"type":"string","format":"date-time"},"started_at":{"type":["string","nu)"
            R"(ll"],"format":"date-time"},"finished_at":{"type":["string","null"],"format":"dat)"
            R"(e-time"}},"required":["job_id","status","processed_count","total_count","summary)"
            R"("],"additionalProperties":false})"},
    {"WebhookRequest",
     R"({"type":"object","properties":{"url":{"type":"string"},"secret":{"type":"string")"
     R"(},"name":{"type":"string"},"events":{"type":"array","items":{"type":"string"}},")"
     R"(max_in_flight":{"type":"integer"},"rate_per_second":{"type":"number"},"ordered":)"
     R"({"type":"boolean"},"retry_schedule":{"type":"array","items":{"type":"number"}},")"
     R"(headers":{"type":"object","additionalProperties":{"type":"string"}},"signature_h)"
     R"(eader":{"type":"string"},"signature_prefix":{"type":"string"}},"required":["url")"
     R"(,"events"],"additionalProperties":false})"},
    {"WebhookChange",
     R"({"type":"object","properties":{"url":{"type":"string"},"secret":{"type":"string")"
     R"(},"name":{"type":"string"},"events":{"type":"array","items":{"type":"string"}},")"
     R"(max_in_flight":{"type":"integer"},"rate_per_second":{"type":"number"},"ordered":)"
     R"({"type":"boolean"},"retry_schedule":{"type":"array","items":{"type":"number"}},")"
     R"(headers":{"type":"object","additionalProperties":{"type":"string"}},"signature_h)"
     R"(eader":{"type":"string"},"signature_prefix":{"type":"string"}},"additionalProper)"
     R"(ties":false})"},
    {"RotateRequest",
     R"({"type":"object","properties":{"secret":{"type":"string"}},"additionalProperties)"
     R"(":false})"},
    {"Webhook",
     R"({"type":"object","properties":{"webhook_id":{"type":"string"},"name":{"type":["s)"
     R"(tring","null"]},"url":{"type":["string","null"]},"secret":{"type":"string"},"job)"
     R"(_id":{"type":["string","null"]},"status":{"type":"string"},"status_reason":{"typ)"
     R"(e":["string","null"]},"events":{"type":"array","items":{"type":"string"}},"max_i)"
     R"(n_flight":{"type":"integer"},"rate_per_second":{"type":"number"},"ordered":{"typ)"
     R"(e":"boolean"},"retry_schedule":{"type":"array","items":{"type":"number"}},"heade)"
     R"(rs":{"type":"object","additionalProperties":{"type":"string"}},"signature_header)"
     R"(":{"type":"string"},"signature_prefix":{"type":"string"},"created_at":{"type":"s)"
     R"(tring","format":"date-time"},"updated_at":{"type":"string","format":"date-time"})"
     R"(},"required":["webhook_id","url","events","status"],"additionalProperties":false)"
     R"(})"},
    {"DestinationRequest",
     R"({"type":"object","properties":{"name":{"type":"string"},"kind":{"type":"string",)"
     R"("enum":["http","contacts"]},"url":{"type":"string"},"secret":{"type":"string"},")"
     R"(sources":{"type":"array","items":{"type":"string"}},"settings":{"type":"object"})"
     R"(,"events":{"type":"array","items":{"type":"string"}},"max_in_flight":{"type":"in)"
     R"(teger"},"rate_per_second":{"type":"number"},"ordered":{"type":"boolean"},"retry_)"
     R"(schedule":{"type":"array","items":{"type":"number"}},"headers":{"type":"object",)"
     R"("additionalProperties":{"type":"string"}},"signature_header":{"type":"string"},")"
     R"(signature_prefix":{"type":"string"}},"required":["name","kind","sources"],"addit)"
     R"(ionalProperties":false})"},
    {"DestinationChange",
     R"({"type":"object","properties":{"name":{"type":"string"},"url":{"type":"string"},)"
     R"("secret":{"type":"string"},"sources":{"type":"array","items":{"type":"string"}},)"
     R"("settings":{"type":"object"},"events":{"type":"array","items":{"type":"string"}})"
     R"(,"max_in_flight":{"type":"integer"},"rate_per_second":{"type":"number"},"ordered)"
     R"(":{"type":"boolean"},"retry_schedule":{"type":"array","items":{"type":"number"}})"
     R"(,"headers":{"type":"object","additionalProperties":{"type":"string"}},"signature)"
     R"(_header":{"type":"string"},"signature_prefix":{"type":"string"}},"additionalProp)"
     R"(erties":false})"},
    {"Destination",
     R"({"type":"object","properties":{"destination_id":{"type":"string"},"name":{"type")"
     R"(:["string","null"]},"kind":{"type":"string"},"url":{"type":["string","null"]},"s)"
     R"(ecret":{"type":"string"},"sources":{"type":"array","items":{"type":"string"}},"j)"
     R"(ob_id":{"type":["string","null"]},"status":{"type":"string"},"status_reason":{"t)"
     R"(ype":["string","null"]},"events":{"type":"array","items":{"type":"string"}},"max)"
     R"(_in_flight":{"type":"integer"},"rate_per_second":{"type":"number"},"ordered":{"t)"
     R"(ype":"boolean"},"retry_schedule":{"type":"array","items":{"type":"number"}},"hea)"
     R"(ders":{"type":"object","additionalProperties":{"type":"string"}},"signature_head)"
     R"(er":{"type":"string"},"signature_prefix":{"type":"string"},"created_at":{"type":)"
     R"("string","format":"date-time"},"updated_at":{"type":"string","format":"date-time)"
     R"("},"settings":{"type":"object"}},"required":["destination_id","kind","status"],")"
     R"(additionalProperties":false})"},
    {"Verifier",
     R"({"type":"object","properties":{"kind":{"type":"string","enum":["hmac","standard-)"
     R"(webhooks","billionverify","stripe","github","shopify","slack","basic","api-key",)"
     R"("none"]},"secrets":{"type":"array","items":{"type":"string"}},"header":{"type":")"
     R"(string"},"prefix":{"type":"string"},"encoding":{"type":"string"},"signed_content)"
     R"(":{"type":"string"}},"required":["kind"]})"},
    {"SourceRequest",
     R"({"type":"object","properties":{"name":{"type":"string"},"verifier":{"$ref":"#/co)"
     R"(mponents/schemas/Verifier"},"ip_allowlist":{"type":"array","items":{"type":"stri)"
     R"(ng"}},"timestamp_tolerance_s":{"type":"integer"},"body_bytes_max":{"type":"integ)"
     R"(er"},"dedup_key":{"type":"string"},"mode":{"type":"string","enum":["enforce","sh)"
     R"(adow"]},"settings":{"type":"object"}},"required":["name","verifier"],"additional)"
     R"(Properties":false})"},
    {"SourceChange",
     R"({"type":"object","properties":{"verifier":{"$ref":"#/components/schemas/Verifier)"
     R"("},"ip_allowlist":{"type":"array","items":{"type":"string"}},"timestamp_toleranc)"
     R"(e_s":{"type":"integer"},"body_bytes_max":{"type":"integer"},"dedup_key":{"type":)"
     R"("string"},"mode":{"type":"string","enum":["enforce","shadow"]},"settings":{"type)"
     R"(":"object"}},"additionalProperties":false})"},
    {"Source", R"({"type":"object","properties":{"source_id":{"type":"string"},"name":{"type":"str)"
               R"(ing"},"path":{"type":"string"},"verifier":{"type":"object"},"secret_count":{"typ)"
               R"(e":"integer"},"ip_allowlist":{"type":"array","items":{"type":"string"}},"timesta)"
               R"(mp_tolerance_s":{"type":"integer"},"body_bytes_max":{"type":"integer"},"dedup_ke)"
               R"(y":{"type":["string","null"]},"mode":{"type":"string"},"created_at":{"type":"str)"
               R"(ing","format":"date-time"},"updated_at":{"type":"string","format":"date-time"},")"
               R"(settings":{"type":"object"}},"required":["source_id","name","path"],"additionalP)"
               R"(roperties":false})"},
    {"Event", R"({"type":"object","properties":{"event_id":{"type":"string"},"event_type":{"type")"
              R"(:"string"},"origin":{"type":"string"},"job_id":{"type":["string","null"]},"sourc)"
              R"(e":{"type":["string","null"]},"status":{"type":"string"},"retry_count":{"type":")"
              R"(integer"},"created_at":{"type":"string","format":"date-time"},"payload":{}},"req)"
              R"(uired":["event_id","event_type","status"],"additionalProperties":false})"},
    {"EventCreated",
     R"({"type":"object","properties":{"event_id":{"type":"string"}},"required":["event_)"
     R"(id"],"additionalProperties":false})"},
    {"Attempt",
     R"({"type":"object","properties":{"attempt_id":{"type":"string"},"number":{"type":")"
     R"(integer"},"started_at":{"type":"string","format":"date-time"},"status_code":{"ty)"
     R"(pe":"integer"},"error_class":{"type":["string","null"]},"error":{"type":["string)"
     R"(","null"]},"latency_ms":{"type":"number"},"response":{"type":["string","null"]}})"
     R"(,"additionalProperties":false})"},
    {"Delivery",
     R"({"type":"object","properties":{"delivery_id":{"type":"string"},"event_id":{"type)"
     R"(":"string"},"destination_id":{"type":"string"},"status":{"type":"string"},"attem)"
     R"(pt_count":{"type":"integer"},"next_attempt_at":{"type":["string","null"],"format)"
     R"(":"date-time"},"last_status_code":{"type":["integer","null"]},"last_error":{"typ)"
     R"(e":["string","null"]},"created_at":{"type":"string","format":"date-time"},"finis)"
     R"(hed_at":{"type":["string","null"],"format":"date-time"},"attempts":{"type":"arra)"
     R"(y","items":{"$ref":"#/components/schemas/Attempt"}}},"required":["delivery_id",")"
     R"(event_id","destination_id","status"],"additionalProperties":false})"},
    {"Contact",
     R"({"type":"object","properties":{"email":{"type":"string"},"email_verified":{"type)"
     R"(":["boolean","null"]},"verification_date":{"type":["string","null"],"format":"da)"
     R"(te-time"},"verification_job_id":{"type":["string","null"]},"email_invalid_reason)"
     R"(":{"type":["string","null"]}},"required":["email"],"additionalProperties":false})"},
    {"ContactImport",
     R"({"type":"object","properties":{"emails":{"type":"array","items":{"type":"string")"
     R"(}}},"required":["emails"],"additionalProperties":false})"},
    {"ContactImported",
     R"({"type":"object","properties":{"added":{"type":"integer"},"known":{"type":"integ)"
     R"(er"}},"required":["added","known"],"additionalProperties":false})"},
    {"KeyRequest",
     R"({"type":"object","properties":{"name":{"type":"string"},"scope":{"type":"string")"
     R"(,"enum":["read","write","admin"]},"tenant_id":{"type":"string"},"expires_at":{"t)"
     R"(ype":"string","format":"date-time"}},"additionalProperties":false})"},
    {"Key", R"({"type":"object","properties":{"key_id":{"type":"string"},"name":{"type":["strin)"
            R"(g","null"]},"prefix":{"type":"string"},"key":{"type":"string"},"tenant_id":{"typ)"
            R"(e":"string"},"scope":{"type":"string"},"created_at":{"type":"string","format":"d)"
            R"(ate-time"},"expires_at":{"type":["string","null"],"format":"date-time"},"revoked)"
            R"(_at":{"type":["string","null"],"format":"date-time"}},"required":["key_id","pref)"
            R"(ix","scope"],"additionalProperties":false})"},
    {"TenantRequest",
     R"({"type":"object","properties":{"tenant_id":{"type":"string"},"name":{"type":"str)"
     R"(ing"}},"required":["name"],"additionalProperties":false})"},
    {"Tenant", R"({"type":"object","properties":{"tenant_id":{"type":"string"},"name":{"type":"str)"
               R"(ing"},"created_at":{"type":"string","format":"date-time"}},"required":["tenant_i)"
               R"(d","name"],"additionalProperties":false})"},
    {"Received",
     R"({"type":"object","properties":{"received":{"type":"boolean"},"duplicate":{"type")"
     R"(:"boolean"}},"required":["received"],"additionalProperties":false})"},
    {"WebhookMetrics",
     R"({"type":"object","properties":{"received":{"type":"integer"},"processed":{"type")"
     R"(:"integer"},"failed":{"type":"integer"},"success_rate":{"type":"string"},"avg_la)"
     R"(tency_ms":{"type":"number"}},"required":["received","processed","failed","succes)"
     R"(s_rate","avg_latency_ms"]})"},
    {"Health", R"({"type":"object","properties":{"status":{"type":"string"}},"required":["status"])"
               R"(})"},
    {"JobPage",
     R"({"type":"object","properties":{"data":{"type":"array","items":{"$ref":"#/compone)"
     R"(nts/schemas/Job"}},"next_cursor":{"type":["string","null"]}},"required":["data",)"
     R"("next_cursor"],"additionalProperties":false})"},
    {"WebhookPage",
     R"({"type":"object","properties":{"data":{"type":"array","items":{"$ref":"#/compone)"
     R"(nts/schemas/Webhook"}},"next_cursor":{"type":["string","null"]}},"required":["da)"
     R"(ta","next_cursor"],"additionalProperties":false})"},
    {"DestinationPage",
     R"({"type":"object","properties":{"data":{"type":"array","items":{"$ref":"#/compone)"
     R"(nts/schemas/Destination"}},"next_cursor":{"type":["string","null"]}},"required":)"
     R"(["data","next_cursor"],"additionalProperties":false})"},
    {"SourcePage",
     R"({"type":"object","properties":{"data":{"type":"array","items":{"$ref":"#/compone)"
     R"(nts/schemas/Source"}},"next_cursor":{"type":["string","null"]}},"required":["dat)"
     R"(a","next_cursor"],"additionalProperties":false})"},
    {"EventPage",
     R"({"type":"object","properties":{"data":{"type":"array","items":{"$ref":"#/compone)"
     R"(nts/schemas/Event"}},"next_cursor":{"type":["string","null"]}},"required":["data)"
     R"(","next_cursor"],"additionalProperties":false})"},
    {"DeliveryPage",
     R"({"type":"object","properties":{"data":{"type":"array","items":{"$ref":"#/compone)"
     R"(nts/schemas/Delivery"}},"next_cursor":{"type":["string","null"]}},"required":["d)"
     R"(ata","next_cursor"],"additionalProperties":false})"},
    {"ContactPage",
     R"({"type":"object","properties":{"data":{"type":"array","items":{"$ref":"#/compone)"
     R"(nts/schemas/Contact"}},"next_cursor":{"type":["string","null"]}},"required":["da)"
     R"(ta","next_cursor"],"additionalProperties":false})"},
    {"KeyPage",
     R"({"type":"object","properties":{"data":{"type":"array","items":{"$ref":"#/compone)"
     R"(nts/schemas/Key"}},"next_cursor":{"type":["string","null"]}},"required":["data",)"
     R"("next_cursor"],"additionalProperties":false})"},
    {"TenantPage",
     R"({"type":"object","properties":{"data":{"type":"array","items":{"$ref":"#/compone)"
     R"(nts/schemas/Tenant"}},"next_cursor":{"type":["string","null"]}},"required":["dat)"
     R"(a","next_cursor"],"additionalProperties":false})"},
};

}  // namespace

std::string openapi_schemas() {
  std::string json = "{";
  for (const Schema& schema : kSchemas) {
    if (json.size() > 1) json += ",";
    json.append("\"").append(schema.name).append("\":").append(schema.json);
  }
  return json + "}";
}

}  // namespace verihook::api
