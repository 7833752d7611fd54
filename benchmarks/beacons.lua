-- Pageviews of 1,000 paths from 48,000 addresses and 50 user agents, as a trusted proxy would pass them on.
local count = 0
request = function()
  count = count + 1
  local address = string.format("10.%d.%d.%d", count % 3, (count / 3) % 160, count % 100)
  local headers = {
    ["Content-Type"] = "text/plain",
    ["X-Forwarded-For"] = address,
    ["User-Agent"] = string.format("Mozilla/5.0 (X11; Linux x86_64; rv:%d.0) Gecko/20100101 Firefox/%d.0", 90 + count % 50, 90 + count % 50),
  }
  local body = string.format('{"n":"pageview","d":"example.com","u":"https://example.com/page-%d","r":null,"z":"Europe/Berlin"}', count % 1000)
  return wrk.format("POST", nil, headers, body)
end
