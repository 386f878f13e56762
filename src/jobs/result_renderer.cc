#include "jobs/result_renderer.h"

#include <algorithm>
#include <array>

#include "jobs/json_members.h"
#include "verification/result_json.h"
#include "webhooks/json_writer.h"

namespace verihook::jobs {
namespace {

struct NamedView {
  std::string_view name;
  View view;
};
constexpr NamedView kViews[] = {
    {"zerobounce", View::kZeroBounce}, {"kickbox", View::kKickbox}, {"reacher", View::kReacher}};

struct NamedContainer {
  std::string_view name;
  Container container;
  std::string_view content_type;
};
constexpr NamedContainer kContainers[] = {
    {"json", Container::kJson, "application/json"},
    {"ndjson", Container::kNdjson, "application/x-ndjson"},
    {"csv", Container::kCsv, "text/csv; charset=utf-8"},
};

std::optional<Container> parse_container(std::string_view name) {
  for (const auto& [known, container, content_type] : kContainers) {
    if (known == name) return container;
  }
  return std::nullopt;
}

std::span<const ResultField> fields_of(View view) {
  switch (view) {
    case View::kOwn:
      return csv_fields();
    case View::kZeroBounce:
      return zerobounce_fields();
    case View::kKickbox:
      return kickbox_fields();
    case View::kReacher:
      return reacher_fields();
  }
  return {};
}

std::string flat_name(std::string_view name) {
  std::string flat(name);
  std::ranges::replace(flat, '.', '_');
  return flat;
}

// The object that a field is in: "mx" of "mx.host".
std::string_view object_of(std::string_view name) {
  const auto dot = name.find('.');
  return dot == name.npos ? std::string_view() : name.substr(0, dot);
}

constexpr std::string_view kOtherData = "other_data";
// Before one of our columns whose name is also a column of the caller's.
constexpr std::string_view kOwnPrefix = "verihook_";

}  // namespace

std::optional<ExportFormat> parse_export_format(std::string_view name) {
  ExportFormat format;
  if (const auto container = parse_container(name)) {
    format.container = *container;
    return format;
  }
  const auto dot = std::min(name.find('.'), name.size());
  for (const auto& [known, view] : kViews) {
    if (name.substr(0, dot) != known) continue;
    format.view = view;
    if (dot == name.size()) return format;
    const auto container = parse_container(name.substr(dot + 1));
    if (!container) return std::nullopt;
    format.container = *container;
    return format;
  }
  return std::nullopt;
}

std::string_view content_type_of(Container container) {
  return kContainers[static_cast<std::size_t>(container)].content_type;
}

std::string_view extension_of(Container container) {
  return kContainers[static_cast<std::size_t>(container)].name;
}

ResultRenderer::ResultRenderer(ExportFormat format, ColumnSet columns)
    : format_(format), columns_(std::move(columns)) {
  if (format_.container == Container::kCsv) {
    prepare_csv();
  } else if (format_.view != View::kOwn) {
    prepare_json();
  }
}

void ResultRenderer::prepare_json() {
  std::string_view open;
  std::string before = "{";
  for (const ResultField& field : fields_of(format_.view)) {
    const std::string_view object = object_of(field.name);
    if (object != open) {
      if (!open.empty()) before.insert(before.begin(), '}');
      open = object;
      if (!object.empty()) before += "\"" + std::string(object) + "\":{";
    }
    const std::string_view member = field.name.substr(object.empty() ? 0 : object.size() + 1);
    before += "\"" + std::string(member) + "\":";
    steps_.push_back({std::move(before), &field});
    before = ",";
  }
  end_ = open.empty() ? "}" : "}}";
}

void ResultRenderer::prepare_csv() {
  std::vector<std::string> names;
  for (const std::string& column : columns_.names()) names.push_back(unescaped(column));
  const auto callers = static_cast<std::ptrdiff_t>(names.size());
  const auto add_own = [&](std::string name) {
    const auto end = names.begin() + callers;
    while (std::find(names.begin(), end, name) != end) name.insert(0, kOwnPrefix);
    names.push_back(std::move(name));
  };
  bool first = columns_.names().empty();
  for (const ResultField& field : fields_of(format_.view)) {
    add_own(flat_name(field.name));
    steps_.push_back({std::exchange(first, false) ? "" : ",", &field});
  }
  if (!columns_.complete()) add_own(std::string(kOtherData));
  end_ = "\r\n";
  ValueWriter writer(header_, form());
  for (const std::string& name : names) {
    if (&name != &names.front()) header_.push_back(',');
    writer.text(name);
  }
  header_ += "\r\n";
}

ValueWriter::Form ResultRenderer::form() const {
  if (format_.container != Container::kCsv) return ValueWriter::Form::kJson;
  return format_.raw ? ValueWriter::Form::kRawCsv : ValueWriter::Form::kCsv;
}

void ResultRenderer::append_head(std::string& out) const {
  if (format_.container == Container::kJson) out.push_back('[');
  if (format_.container != Container::kCsv) return;
  if (format_.bom) out.append("\ufeff");
  out.append(header_);
}

void ResultRenderer::append_row(std::string& out, const StoredResult& row, bool first) const {
  if (format_.container == Container::kCsv) {
    append_csv(out, row);
    return;
  }
  if (format_.container == Container::kJson && !first) out.push_back(',');
  if (format_.view == View::kOwn) {
    verification::append_result(out, row.verdict, {row.number, row.id, row.data, row.duplicate});
  } else {
    append_json(out, row);
  }
  if (format_.container == Container::kNdjson) out.push_back('\n');
}

void ResultRenderer::append_tail(std::string& out) const {
  if (format_.container == Container::kJson) out.push_back(']');
}

void ResultRenderer::append_json(std::string& out, const StoredResult& row) const {
  ValueWriter writer(out, ValueWriter::Form::kJson);
  for (const Step& step : steps_) {
    out.append(step.before);
    step.field->write(writer, row);
  }
  out.append(end_);
}

void ResultRenderer::append_csv(std::string& out, const StoredResult& row) const {
  ValueWriter writer(out, form());
  append_caller_cells(writer, row.data);
  for (const Step& step : steps_) {
    out.append(step.before);
    step.field->write(writer, row);
  }
  if (!columns_.complete()) {
    std::string others;
    JsonMembers members(row.data);
    std::string_view key;
    std::string_view value;
    for (std::size_t at = 0; members.next(key, value); ++at) {
      if (columns_.find(key, at) < kColumnsMax) continue;
      others.append(others.empty() ? "{\"" : ",\"").append(key).append("\":").append(value);
    }
    if (!others.empty()) others.push_back('}');
    out.push_back(',');
    if (!others.empty()) writer.json(others);
  }
  out.append(end_);
}

void ResultRenderer::append_caller_cells(ValueWriter& writer, std::string_view data) const {
  const std::size_t count = columns_.names().size();
  if (count == 0) return;
  JsonMembers members(data);
  std::string_view key;
  std::string_view value;
  std::size_t written = 0;
  // Nearly always the members stand in the order of the columns and can be written as they come.
  bool more = members.next(key, value);
  while (more && written < count && columns_.names()[written] == key) {
    if (written > 0) writer.out().push_back(',');
    writer.json(value);
    ++written;
    more = members.next(key, value);
  }
  if (written == count) return;
  std::vector<std::string_view> values(count);
  for (; more; more = members.next(key, value)) {
    const std::size_t column = columns_.find(key, kColumnsMax);
    if (column < count) values[column] = value;
  }
  for (; written < count; ++written) {
    if (written > 0) writer.out().push_back(',');
    if (!values[written].empty()) writer.json(values[written]);
  }
}

}  // namespace verihook::jobs
