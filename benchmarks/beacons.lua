-- Pageviews of 1,000 paths from 48,000 addresses and 50 user agents, as a trusted proxy would pass them on.
local count = 0
request = function()
  count = count + 1
  local visitor = (count * 7919) % 48000  -- 7919 is prime: all of them come, in no order
  local address = string.format("10.%d.%d.%d", visitor / 16000, (visitor / 100) % 160, visitor % 100)
  local headers = {
    ["Content-Type"] = "text/plain",
    ["X-Forwarded-For"] = address,
    ["User-Agent"] = string.format("Mozilla/5.0 (X11; Linux x86_64; rv:%d.0) Gecko/20100101 Firefox/%d.0", 90 + visitor % 50, 90 + visitor % 50),
  }
  local body = string.format('{"n":"pageview","d":"example.com","u":"https://example.com/page-%d","r":null,"z":"Europe/Berlin"}', count % 1000)
  return wrk.format("POST", nil, headers, body)
end
