import json
from importlib.metadata import distribution
from pathlib import Path

import pytest

from collector.bots import is_fetched_ahead, is_program
from collector.user_agent import parse_user_agent
from support.processes import FIREFOX

M = "Mozilla/5.0"
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
IPHONE = f"{M} (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
WEBVIEW = (
    f"{M} (Linux; Android 14; SM-A546B Build/UP1A.231005.007; wv) {WEBKIT} Version/4.0 Chrome/141.0.7390.43 Mobile"
)
PHONE = f"{M} (Linux; Android 10; K) {WEBKIT} Chrome/141.0.0.0 Mobile Safari/537.36"
WINDOWS = f"{M} (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/141.0.0.0 Safari/537.36"
MAC = f"{M} (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Chrome/141.0.0.0 Safari/537.36"

PROGRAMS = [
    "Mozilla/5.0",
    "Dalvik/2.1.0 (Linux; U; Android 13; SM-A536B Build/TP1A.220624.014)",
    "ApacheBench/2.3",
    "k6/0.49.0 (https://k6.io/)",
    "libcurl/8.5.0",
    "reqwest/0.11",
    "Prometheus/2.0",
    "Faraday v2.9.0",
    "Edge Health Probe",
    "",
    " ",
    # search engines
    f"{M} (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    f"{M} (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) {WEBKIT} Chrome/141.0.0.0 Mobile Safari/537.36 (compatible;"
    " Googlebot/2.1; +http://www.google.com/bot.html)",
    "Googlebot-Image/1.0",
    "AdsBot-Google (+http://www.google.com/adsbot.html)",
    f"{M} (X11; Linux x86_64) {WEBKIT} Chrome/141.0.0.0 Safari/537.36 (compatible; Google-InspectionTool/1.0;)",
    f"{M} {WEBKIT} (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0.0.0 Safari/537.36",
    f"{M} (compatible; YandexBot/3.0; +http://yandex.com/bots)",
    f"{M} (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)",
    f"{M} (compatible; SeznamBot/4.0; +http://napoveda.seznam.cz/seznambot-intro/)",
    "DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)",
    "Sogou web spider/4.0(+http://www.sogou.com/docs/help/webmasters.htm#07)",
    f"{M} (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)",
    f"{M} (Macintosh; Intel Mac OS X 10_15_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.1.1 Safari/605.1.15"
    " (Applebot/0.1; +http://www.apple.com/go/applebot)",
    f"{M} (compatible; PetalBot;+https://webmaster.petalsearch.com/site/petalbot)",
    f"{M} (compatible; Qwantbot/1.0; +https://help.qwant.com/bot/)",
    f"{M} (compatible; MojeekBot/0.11; +https://www.mojeek.com/bot.html)",
    # assistants, and what they fetch when asked to
    f"{M} {WEBKIT}; compatible; GPTBot/1.3; +https://openai.com/gptbot",
    f"{M} {WEBKIT}; compatible; ChatGPT-User/1.0; +https://openai.com/bot",
    f"{M} {WEBKIT}; compatible; OAI-SearchBot/1.3; +https://openai.com/searchbot",
    f"{M} {WEBKIT}; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)",
    f"{M} {WEBKIT}; compatible; Claude-User/1.0; +Claude-User@anthropic.com)",
    f"{M} {WEBKIT}; compatible; PerplexityBot/1.0; +https://perplexity.ai/perplexitybot)",
    f"{M} {WEBKIT}; compatible; Perplexity-User/1.0; +https://perplexity.ai/perplexity-user)",
    f"{M} {WEBKIT}; compatible; MistralAI-User/1.0; +https://docs.mistral.ai/robots",
    f"{M} (Linux; Android 5.0) {WEBKIT} (compatible; Bytespider; spider-feedback@bytedance.com)",
    "meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)",
    "CCBot/2.0 (https://commoncrawl.org/faq/)",
    f"{M} (Macintosh; Intel Mac OS X 10_10_1) {WEBKIT} (compatible; Amazonbot/0.1; +https://developer.amazon.com/amazonbot)",
    # marketing
    f"{M} (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    f"{M} (compatible; SemrushBot/7~bl; +http://www.semrush.com/bot.html)",
    f"{M} (compatible; MJ12bot/v1.4.8; http://mj12bot.com/)",
    f"{M} (compatible; DotBot/1.2; +https://opensiteexplorer.org/dotbot; help@moz.com)",
    f"{M} (compatible; DataForSeoBot/1.0; +https://dataforseo.com/dataforseo-bot)",
    "Screaming Frog SEO Spider/21.0",
    # watching over sites
    f"{M} (compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
    "Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)",
    f"{M} (compatible; StatusCake)",
    f"{WINDOWS} DatadogSynthetics",
    f"{MAC} Checkly/1.0 (https://www.checklyhq.com)",
    "Better Uptime Bot Mozilla/5.0",
    "Uptime-Kuma/1.23.13",
    f"{PHONE} Chrome-Lighthouse",
    f"{WINDOWS} PTST/250101.120000",
    # automated browsers
    f"{M} (X11; Linux x86_64) {WEBKIT} HeadlessChrome/141.0.0.0 Safari/537.36",
    f"{M} (Windows NT 10.0) PhantomJS/2.1.1",
    f"{WINDOWS} Playwright/1.50",
    # libraries
    "curl/8.5.0",
    "Wget/1.21",
    "python-requests/2.32",
    "python-httpx/0.28.1",
    "Python/3.11 aiohttp/3.9",
    "Python-urllib/3.12",
    "Scrapy/2.11 (+https://scrapy.org)",
    "Go-http-client/2.0",
    "okhttp/4.12",
    "axios/1.7",
    "node/22 fetch",
    "undici",
    "node-fetch/1.0 (+https://github.com/bitinn/node-fetch)",
    "Java/17.0.9",
    "Apache-HttpClient/4.5",
    "GuzzleHttp/7",
    "PHP/8.2",
    "Ruby",
    "libwww-perl/6.72",
    "PostmanRuntime/7.43.0",
    "HTTPie/3.2.2",
    "YahooSeeker/1.2",  # known to user-agents alone
    "Holmes/3.12.4",
    "Shop/2.1 CFNetwork/1568.300.101 Darwin/24.2.0",
    # feed readers and previews of links
    "Feedly/1.0 (+http://www.feedly.com/fetcher.html; like FeedFetcher-Google)",
    "Feedbin feed-id:1 - 5 subscribers",
    f"{M} (compatible; Miniflux/2.2; +https://miniflux.app)",
    "FreshRSS/1.24 (Linux; https://freshrss.org)",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    f"{M} (compatible; Discordbot/2.0; +https://discordapp.com)",
    "TelegramBot (like TwitterBot)",
    "WhatsApp/2.23.20.0 A",
    "Twitterbot/1.0",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
    f"{M} (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
    "Mastodon/4.3 (http.rb/5.2.0; +https://mastodon.example/)",
    "http.rb/5.1.1 (Mastodon/4.2.1; +https://mastodon.example/) Bot",
    f"{M} (compatible; Bluesky Cardyb/1.1; +mailto:support@bsky.app)",
]

BROWSERS = [
    FIREFOX,
    WINDOWS,
    MAC,
    PHONE,
    f"{WINDOWS} Edg/141.0.0.0",
    f"{WINDOWS} OPR/120.0.0.0",
    f"{WINDOWS} Vivaldi/7.6",
    f"{WINDOWS} YaBrowser/25.8.0.0",
    f"{M} (Windows NT 10.0; Win64; x64) {WEBKIT} Whale/4.33.325.17 Chrome/138.0.0.0 Safari/537.36",
    f"{M} (Windows NT 10.0; WOW64) {WEBKIT} Chrome/109.0.0.0 Safari/537.36 SE 2.X MetaSr 1.0",
    f"{M} (Windows NT 10.0; Win64; x64) {WEBKIT} coc_coc_browser/136.0.184 Chrome/136.0.0.0 Safari/537.36",
    f"{M} (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
    f"{M} (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0",
    f"{M} (X11; CrOS x86_64 14541.0.0) {WEBKIT} Chrome/141.0.0.0 Safari/537.36",
    f"{M} (X11; Ubuntu; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
    f"{M} (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
    f"{M} (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15"
    " Ddg/18.5",
    f"{IPHONE} Version/18.5 Mobile/15E148 Safari/604.1",
    f"{IPHONE} CriOS/141.0.7390.41 Mobile/15E148 Safari/604.1",
    f"{IPHONE} FxiOS/143.0 Mobile/15E148 Safari/605.1.15",
    f"{IPHONE} EdgiOS/141.0.3537.57 Version/18.0 Mobile/15E148 Safari/604.1",
    f"{IPHONE} GSA/387.0.811331708 Mobile/15E148 Safari/604.1",
    f"{IPHONE} DuckDuckGo/7 Safari/605.1.15",
    f"{IPHONE} Mobile/15E148 Instagram 390.0.0.28.85 (iPhone14,5; iOS 18_5; de_DE; de; scale=3.00; 1170x2532; IABMV/1)",
    f"{IPHONE} Mobile/15E148 [FBAN/FBIOS;FBAV/530.0.0.51.70;FBBV/785612345;FBDV/iPhone14,5;FBMD/iPhone;FBSN/iOS;"
    "FBSV/18.5;FBSS/3;FBCR/;FBID/phone;FBLC/de_DE;FBOP/80]",
    f"{IPHONE} Mobile/15E148 musical_ly_39.0.0 BytedanceWebview/d8a21c6 JsSdk/2.0 NetType/WIFI Channel/App Store",
    f"{IPHONE} Mobile/15E148 Safari Line/15.10.0",
    f"{IPHONE} Mobile/15E148 MicroMessenger/8.0.60(0x18003c2d) NetType/WIFI Language/zh_CN",
    f"{IPHONE} Mobile/15E148 LinkedInApp/9.31.2345",
    f"{IPHONE} Version/18.5 Mobile/15E148 Safari/604.1 Twitter for iPhone/11.10",
    f"{IPHONE} Mobile/15E148 [Pinterest/iOS]",
    f"{IPHONE} Mobile/15E148 Snapchat/13.45.0.38 (like Safari/8621.2.5.10.10, panda)",
    f"{IPHONE} Mobile/15E148 NAVER(inapp; search; 2000; 12.14.1; 13)",
    f"{IPHONE} Mobile/15E148 Tumblr/36.1 Feedly/120 Goodreads/4.0",
    f"{M} (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148"
    " Safari/604.1",
    f"{WEBVIEW} Safari/537.36 Instagram 390.0.0.43.81 Android (34/14; 450dpi; 1080x2125; samsung; SM-A546B; a54x;"
    " s5e8835; de_DE; 785012345; IABMV/1)",
    f"{WEBVIEW} Safari/537.36 [FB_IAB/FB4A;FBAV/530.0.0.48.74;IABMV/1;]",
    f"{WEBVIEW} Safari/537.36 MetaIAB Facebook",
    f"{WEBVIEW} Safari/537.36 musical_ly_2023900040 JsSdk/1.0 NetType/WIFI Channel/googleplay AppName/musical_ly"
    " app_version/39.0.4 ByteLocale/de-DE BytedanceWebview/d8a21c6",
    f"{WEBVIEW} Safari/537.36 Line/15.10.0/IAB",
    f"{WEBVIEW} Safari/537.36 XWEB/1380085 MMWEBSDK/20250201 MicroMessenger/8.0.60.2860(0x28003C5A) WeChat/arm64",
    f"{WEBVIEW} Safari/537.36 Viber/25.8.0.0",
    f"{M} (Linux; Android 15; CPH2557 Build/AP3A.240617.008; wv) {WEBKIT} Version/4.0 Chrome/141.0.0.0 Mobile"
    " Safari/537.36",
    f"{M} (Linux; Android 11; CUBOT X50) {WEBKIT} Chrome/120.0.0.0 Mobile Safari/537.36",
    f"{M} (Linux; Android 11; CUBOT_NOTE_20) {WEBKIT} Chrome/120.0.0.0 Mobile Safari/537.36",
    f"{M} (Linux; U; Android 12; zh-cn; M2012K11AC Build/SKQ1) {WEBKIT} Version/4.0 Chrome/112.0.5615.136 Mobile"
    " Safari/537.36 XiaoMi/MiuiBrowser/18.6",
    f"{M} (Linux; Android 14; SM-S911B) {WEBKIT} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
    f"{M} (Linux; Android 14; SM-X710) {WEBKIT} Chrome/141.0.0.0 Safari/537.36",
    f"{M} (Linux; Android 11; KFTRWI) {WEBKIT} Silk/138.1.1 like Chrome/138.0.0.0 Safari/537.36",
    f"{M} (Android 15; Mobile; rv:143.0) Gecko/143.0 Firefox/143.0",
    f"{M} (Linux; Android 10; K) {WEBKIT} Chrome/141.0.0.0 Mobile DuckDuckGo/5 Safari/537.36",
    f"{M} (Linux; U; Android 13; en-US; RMX3624) {WEBKIT} Version/4.0 Chrome/100.0.4896.58 UCBrowser/13.7.8 Mobile"
    " Safari/537.36",
    f"{M} (Linux; Android 12; HarmonyOS; ALN-AL00) {WEBKIT} Chrome/114.0.5735.196 HuaweiBrowser/15.0.4 Mobile"
    " Safari/537.36",
    f"{M} (SMART-TV; LINUX; Tizen 7.0) {WEBKIT} 94.0.4606.31/7.0 TV Safari/537.36",
    f"{M} (Web0S; Linux/SmartTV) {WEBKIT} Chrome/108.0.5359.211 Safari/537.36 WebAppManager",
    f"{M} (PlayStation; PlayStation 5/9.60) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15",
    f"{M} (Linux; Android 9; AFTMM Build/PS7624) {WEBKIT} Silk/120.4.1 like Chrome/120.0.0.0 Safari/537.36",
    f"{M} (Mobile; Nokia_8110_4G; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5",
    *(
        f"{M} (Linux; Android 13; {model}) {WEBKIT} Chrome/141.0.0.0 Mobile Safari/537.36"
        for model in ("ROBOT 5", "SPIDER X1", "Doogee Node 10", "Monitor A", "Java 3 Build/TP1A", "X Preview")
    ),
    "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 6.0)",
    "Opera/9.80 (Android; Opera Mini/36.2/119.132; U; id) Presto/2.12.423 Version/12.16",
]  # fmt: skip


@pytest.mark.parametrize("user_agent", PROGRAMS)
def test_a_program_says_so(user_agent: str) -> None:
    assert parse_user_agent(user_agent).is_program


@pytest.mark.parametrize("user_agent", BROWSERS)
def test_a_browser_is_no_program(user_agent: str) -> None:
    assert not is_program(user_agent)
    assert not parse_user_agent(user_agent).is_program


def test_nearly_all_of_the_programs_that_the_list_knows_are_found() -> None:
    listed = distribution("crawler-user-agents").locate_file("crawleruseragents/crawler-user-agents.json")
    crawlers = json.loads(Path(str(listed)).read_text(encoding="utf-8"))
    samples = [sample for crawler in crawlers for sample in crawler["instances"]]
    missed = [sample for sample in samples if not is_program(sample)]
    assert len(samples) > 1000
    assert len(missed) < 0.01 * len(samples)  # the apps that people read in, too


@pytest.mark.parametrize("user_agent", ["Mastodon/4.3", "Tumblr/14.0", "Bluesky/1.0 okay", "Notion/1.0"])
def test_an_app_without_an_engine_is_a_program(user_agent: str) -> None:
    assert is_program(user_agent)
    assert not is_program(f"{IPHONE} Mobile/15E148 {user_agent}")


@pytest.mark.parametrize(
    "headers",
    [
        {b"sec-purpose": b"prefetch"},
        {b"sec-purpose": b"prefetch;prerender"},
        {b"sec-purpose": b"prefetch;anonymous-client-ip"},
        {b"purpose": b"prefetch"},
        {b"x-purpose": b"preview"},
        {b"x-moz": b"Prefetch"},
    ],
)
def test_a_page_fetched_ahead_is_told_by_its_headers(headers: dict[bytes, bytes]) -> None:
    assert is_fetched_ahead(headers)


@pytest.mark.parametrize("headers", [{}, {b"sec-purpose": b""}, {b"purpose": b"\xff"}, {b"x-moz": b"none"}])
def test_any_other_page_is_looked_at(headers: dict[bytes, bytes]) -> None:
    assert not is_fetched_ahead(headers)
