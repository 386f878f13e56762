-- wrk: each request is the next body of a file of "value TAB body" lines, with the value in the
-- header that the second argument names: a signature, a key. Every thread begins at another place,
-- so that no id is sent twice in a run.
local lines, position, threads, header = {}, 0, 0, nil

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init(args)
  header = args[2]
  for line in io.lines(args[1]) do lines[#lines + 1] = line end
  position = math.floor(#lines / 2) * number
end

function request()
  position = position % #lines + 1
  local value, body = lines[position]:match("^([^\t]*)\t(.*)$")
  return wrk.format("POST", nil, { ["Content-Type"] = "application/json", [header] = value }, body)
end
