"""With a part of the store away the dashboard says which sites are missing, and shows the others in full."""

from pathlib import Path

from schema.settings import DashboardSettings, Settings, SiteSettings
from schema.store_cluster import ClusterStore
from support.clickhouse_cluster import Cluster
from support.dashboard_client import SECRET, Client
from support.processes import wait_until
from support.sharded import FIRST, MARCH, SECOND, archive_with, deliver, deliveries

SETTINGS = Settings(
    site=tuple(SiteSettings(site, public=True) for site in (FIRST, SECOND)),
    dashboard=DashboardSettings(share_secret=SECRET),
)
QUESTION = {"metrics": ["pageviews"], "date_range": [MARCH, MARCH]}


def pageviews(client: Client, site: str) -> int:
    answer = client.query(site_id=site, **QUESTION)
    return int(answer.json()["results"][0]["metrics"][0]) if answer.status_code == 200 else -answer.status_code


def test_a_part_that_is_away_is_named_and_the_other_sites_are_shown_in_full(
    cluster: Cluster, store: ClusterStore, tmp_path: Path
) -> None:
    deliver(deliveries(archive_with(tmp_path, MARCH), store))
    client = Client(store, SETTINGS)
    assert [pageviews(client, site) for site in (FIRST, SECOND)] == [4, 4]
    for replica in cluster.members[1]:
        replica.kill()
    assert [pageviews(client, site) for site in (FIRST, SECOND)] == [4, -503]
    assert "part 2 of 2 of the store" in client.query(site_id=SECOND, **QUESTION).json()["error"]
    home = client.get("/").text
    assert home.count("part 2 of 2 of the store is away") == 1
    assert home.index(FIRST) < home.index("visitors</span>" if "visitors</span>" in home else "today")
    missing = client.get(f"/{SECOND}")
    assert missing.status_code == 503
    assert "Part 2 of 2 of the store" in missing.text
    assert "Sites on other parts are shown in full" in missing.text
    assert client.get(f"/{FIRST}").status_code == 200
    cluster.heal()
    wait_until(lambda: pageviews(client, SECOND) == 4, 120, "everything is there again")
