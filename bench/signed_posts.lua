-- wrk: each request is the next signed webhook of a file of "signature TAB body" lines. Every thread
-- begins at another place, so that no id is sent twice in a run.
local lines, position, threads = {}, 0, 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init(args)
  for line in io.lines(args[1]) do lines[#lines + 1] = line end
  position = math.floor(#lines / 2) * number
end

function request()
  position = position % #lines + 1
  local signature, body = lines[position]:match("^(%x+)\t(.*)$")
  return wrk.format("POST", nil, {
    ["Content-Type"] = "application/json", ["X-Webhook-Signature"] = signature }, body)
end
