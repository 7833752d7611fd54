"""Links and referrers as site owners see them → channel, through all of acquisition; each rule and its near miss."""

import pytest

from collector.referrer import acquisition_of
from collector.sources import Sources, load_sources
from collector.urls import parse_url

GOOGLE = "https://www.google.com/"
BLOG = "https://blog.example/post"


def arrive(sources: Sources, query: str, referrer: str) -> tuple[str, str]:
    page = parse_url(f"https://example.com/landing?{query}" if query else "https://example.com/landing")
    assert page is not None
    found = acquisition_of(page, parse_url(referrer), sources)
    return found.channel, found.source


@pytest.mark.parametrize(
    ("query", "referrer", "channel", "near_query", "near_referrer", "near_channel"),
    [
        ("", "", "Direct", "", BLOG, "Referral"),
        ("page=2&id=7", "", "Direct", "ref=partner", "", "Referral"),
        ("", BLOG, "Referral", "", "", "Direct"),
        ("utm_medium=referral", "", "Referral", "utm_medium=referrals", "", "Direct"),
        ("utm_medium=app", "", "Referral", "utm_medium=apps", "", "Direct"),
        ("utm_medium=cpc&utm_campaign=Cross-Network+4", GOOGLE, "Cross-network",
         "utm_medium=cpc&utm_campaign=cross+network", GOOGLE, "Paid Search"),
        ("utm_source=idealo&utm_medium=cpc", "", "Paid Shopping", "utm_source=idealo", "", "Organic Shopping"),
        ("utm_medium=ppc&utm_campaign=Shopping+DE", GOOGLE, "Paid Shopping",
         "utm_medium=ppc&utm_campaign=Workshops", GOOGLE, "Paid Search"),
        ("utm_source=google&utm_medium=cpc", "", "Paid Search",
         "utm_source=google&utm_medium=organic", "", "Organic Search"),
        ("gclid=EAIaIQobChMI", GOOGLE, "Paid Search", "gclids=EAIaIQobChMI", GOOGLE, "Organic Search"),
        ("gad_source=1&gad_campaignid=17", "", "Paid Search", "gad=1", "", "Direct"),
        ("msclkid=a1b2", "https://www.bing.com/", "Paid Search", "srsltid=a1b2", GOOGLE, "Organic Search"),
        ("utm_source=adwords", "", "Paid Search", "utm_source=leads", "", "Referral"),
        ("yclid=1", "https://yandex.ru/", "Paid Search", "ysclid=1", "https://yandex.ru/", "Organic Search"),
        ("utm_source=fb&utm_medium=paid_social", "", "Paid Social",
         "utm_source=fb&utm_medium=unpaid", "", "Organic Social"),
        ("utm_source=facebook-ads", "", "Paid Social", "utm_source=facebook", "", "Organic Social"),
        ("li_fat_id=1", "https://www.linkedin.com/", "Paid Social",
         "fbclid=1", "https://l.facebook.com/", "Organic Social"),
        ("utm_source=youtube&utm_medium=cpv", "", "Paid Video", "utm_source=youtube", "", "Organic Video"),
        ("ref=site&utm_medium=banner", "", "Display", "ref=site&utm_medium=banners", "", "Referral"),
        ("ref=site&utm_medium=cpm", "", "Display", "ref=site&utm_medium=cpa", "", "Paid Other"),
        ("ref=site&utm_medium=retargeting", "", "Paid Other", "ref=site&utm_medium=targeting", "", "Referral"),
        ("", "https://www.etsy.com/listing/1", "Organic Shopping", "", "https://notetsy.com/", "Referral"),
        ("ref=site&utm_campaign=eshop", "", "Organic Shopping", "ref=site&utm_campaign=bishop", "", "Referral"),
        ("ref=site&utm_campaign=spring-shop-sale", "", "Organic Shopping",
         "ref=site&utm_campaign=workshop", "", "Referral"),
        ("", "https://t.co/AbC", "Organic Social", "", "https://about.co/AbC", "Referral"),
        ("ref=site&utm_medium=social", "", "Organic Social", "ref=site&utm_medium=antisocial", "", "Referral"),
        ("", "https://m.youtube.com/watch?v=1", "Organic Video", "", "https://youtube.example/", "Referral"),
        ("ref=site&utm_medium=video", "", "Organic Video", "ref=site&utm_medium=vide", "", "Referral"),
        ("utm_source=chatgpt.com", "", "AI Assistants", "utm_source=chat", "", "Referral"),
        ("", "https://www.perplexity.ai/search/x", "AI Assistants", "", "https://perplexity.example/", "Referral"),
        ("", "https://www.google.co.jp/", "Organic Search", "", "https://docs.google.com/document/d/x", "Referral"),
        ("ref=site&utm_medium=organic", "", "Organic Search", "ref=site&utm_medium=organically", "", "Referral"),
        ("", "android-app://com.google.android.gm/", "Email", "", "android-app://com.example.mail/", "Referral"),
        ("ref=site&utm_medium=e-mail", "", "Email", "ref=site&utm_medium=mailing", "", "Referral"),
        ("utm_source=newsletter", "", "Email", "utm_source=newsletters", "", "Referral"),
        ("mc_cid=1&mc_eid=2", "", "Email", "mc=1", "", "Direct"),
        ("ref=site&utm_medium=affiliate", "", "Affiliates", "ref=site&utm_medium=affiliated", "", "Referral"),
        ("ref=site&utm_medium=podcast", "", "Audio", "ref=site&utm_medium=podcasts", "", "Referral"),
        ("", "https://open.spotify.com/episode/1", "Audio", "", "https://spotify.example/", "Referral"),
        ("ref=site&utm_medium=sms", "", "SMS", "ref=site&utm_medium=mms", "", "Referral"),
        ("utm_source=sms", "", "SMS", "utm_source=smsgate", "", "Referral"),
        ("ref=site&utm_medium=web-push", "", "Mobile Push Notifications",
         "ref=site&utm_medium=pushed", "", "Referral"),
        ("ref=site&utm_medium=notification-a", "", "Mobile Push Notifications",
         "ref=site&utm_medium=notify", "", "Referral"),
        ("utm_source=firebase", "", "Mobile Push Notifications", "utm_source=fire", "", "Referral"),
    ],
)  # fmt: skip
def test_a_link_or_referrer_has_its_channel_and_its_near_miss_another(
    sources: Sources, query: str, referrer: str, channel: str, near_query: str, near_referrer: str, near_channel: str
) -> None:
    assert arrive(sources, query, referrer)[0] == channel
    assert arrive(sources, near_query, near_referrer)[0] == near_channel


@pytest.mark.parametrize(
    ("query", "referrer", "channel", "source"),
    [
        ("utm_source=newsletter&utm_medium=email", GOOGLE, "Email", "newsletter"),
        ("utm_source=linkedin", "https://l.facebook.com/", "Organic Social", "LinkedIn"),
        ("ref=producthunt", "https://t.co/x", "Organic Social", "Product Hunt"),
        ("utm_medium=email", "https://mail.google.com/", "Email", "Gmail"),
        ("utm_medium=cpc", "https://duckduckgo.com/", "Paid Search", "DuckDuckGo"),
    ],
)
def test_what_the_link_says_wins_over_the_referrer(
    sources: Sources, query: str, referrer: str, channel: str, source: str
) -> None:
    assert arrive(sources, query, referrer) == (channel, source)


@pytest.mark.parametrize(
    ("referrer", "channel", "source"),
    [
        ("https://www.baidu.com/link?url=x", "Organic Search", "Baidu"),
        ("https://yandex.com.tr/search", "Organic Search", "Yandex"),
        ("https://search.naver.com/", "Organic Search", "Naver"),
        ("https://search.seznam.cz/", "Organic Search", "Seznam"),
        ("https://www.ecosia.org/", "Organic Search", "Ecosia"),
        ("https://search.brave.com/", "Organic Search", "Brave Search"),
        ("https://eu.startpage.com/", "Organic Search", "Startpage"),
        ("https://www.qwant.com/", "Organic Search", "Qwant"),
        ("https://kagi.com/", "Organic Search", "Kagi"),
        ("https://search.yahoo.co.jp/", "Organic Search", "Yahoo!"),
        ("android-app://com.google.android.googlequicksearchbox/", "Organic Search", "Google"),
        ("https://l.facebook.com/l.php?u=x", "Organic Social", "Facebook"),
        ("https://lnkd.in/abc", "Organic Social", "LinkedIn"),
        ("https://out.reddit.com/t3_x", "Organic Social", "Reddit"),
        ("https://l.instagram.com/", "Organic Social", "Instagram"),
        ("https://l.threads.com/", "Organic Social", "Threads"),
        ("https://go.bsky.app/", "Organic Social", "Bluesky"),
        ("https://hachyderm.io/@someone/1", "Organic Social", "Mastodon"),
        ("https://feddit.org/post/1", "Organic Social", "Lemmy"),
        ("https://away.vk.com/", "Organic Social", "VK"),
        ("https://m.weibo.cn/", "Organic Social", "Weibo"),
        ("android-app://org.telegram.messenger/", "Organic Social", "Telegram"),
        ("https://web.whatsapp.com/", "Organic Social", "WhatsApp"),
        ("https://discord.com/", "Organic Social", "Discord"),
        ("https://news.ycombinator.com/item?id=1", "Organic Social", "Hacker News"),
        ("https://lobste.rs/s/x", "Organic Social", "Lobsters"),
        ("https://news.google.com/", "Referral", "Google News"),
        ("https://feedly.com/", "Referral", "Feedly"),
        ("https://www.bilibili.com/", "Organic Video", "Bilibili"),
        ("https://chatgpt.com/", "AI Assistants", "ChatGPT"),
        ("https://claude.ai/", "AI Assistants", "Claude"),
        ("https://gemini.google.com/", "AI Assistants", "Gemini"),
        ("https://copilot.microsoft.com/", "AI Assistants", "Copilot"),
        ("https://chat.deepseek.com/", "AI Assistants", "DeepSeek"),
        ("https://grok.com/", "AI Assistants", "Grok"),
        ("https://www.meta.ai/", "AI Assistants", "Meta AI"),
        ("https://chat.mistral.ai/", "AI Assistants", "Mistral"),
        ("https://poe.com/", "AI Assistants", "Poe"),
        ("https://you.com/", "AI Assistants", "You.com"),
        ("https://www.phind.com/", "AI Assistants", "Phind"),
        ("https://www.kimi.com/", "AI Assistants", "Kimi"),
        ("https://mail.yahoo.com/", "Email", "Yahoo! Mail"),
        ("https://outlook.live.com/", "Email", "Outlook"),
        ("https://eur01.safelinks.protection.outlook.com/", "Email", "Outlook"),
        ("https://navigator-bs.gmx.net/", "Email", "GMX"),
        ("https://aws.amazon.com/", "Referral", "AWS"),
        ("https://accounts.google.de/", "Referral", "Google Account"),
    ],
)
def test_a_well_known_referrer_has_its_name_and_channel(
    sources: Sources, referrer: str, channel: str, source: str
) -> None:
    assert arrive(sources, "", referrer) == (channel, source)


def test_a_click_id_counts_by_its_name_whatever_its_value(sources: Sources) -> None:
    assert {arrive(sources, f"gclid={value}", "") for value in ("", "x", "gclid", "%00")} == {("Paid Search", "Google")}


def test_how_often_words_differ_does_not_matter_to_memory() -> None:
    sources = load_sources()
    for number in range(300):
        query = f"utm_source=a{number}&utm_medium=b{number}&utm_campaign=c{number}"
        arrive(sources, query, f"https://d{number}.example/")
    held = [value for value in vars(sources).values() if isinstance(value, dict)]
    assert not any("299" in repr(key) for table in held for key in table)
    assert len(sources._by_signs) < 300
