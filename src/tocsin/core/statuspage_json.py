"""The documents of Statuspage's public API, and what its webhooks say.   Source: integrations reference, section 22"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from tocsin.core.statuspage import Component, Maintenance, PublicIncident, Site, public_id

NEWEST: Final = 50  # incidents in one document, as Statuspage gives them


def stamp(at: datetime) -> str:
    """An instant in RFC 3339 with milliseconds, as Statuspage writes it."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def documents(site: Site) -> dict[str, Any]:
    """The documents of Statuspage's public API: name to content.  Source: integrations reference, section 22."""
    page_id = public_id("page", site.url)
    page = {"id": page_id, "name": site.name, "url": site.url, "time_zone": site.zone, "updated_at": stamp(site.at)}
    indicator, description = site.overall
    status = {"indicator": indicator, "description": description}
    parts = {component.name: _component(component, page_id) for component in site.components}
    told = [_incident(one, parts, page_id, site.url) for one in site.incidents[:NEWEST]]
    open_ = [_incident(one, parts, page_id, site.url) for one in site.unresolved]
    work = [_maintenance(one, parts, page_id, site) for one in site.maintenances]
    upcoming = [one for one in work if one["status"] == "scheduled"]
    active = [one for one in work if one["status"] == "in_progress"]
    components = list(parts.values())
    return {
        "summary": {"page": page, "components": components, "incidents": open_,
                    "scheduled_maintenances": active + upcoming, "status": status},
        "status": {"page": page, "status": status},
        "components": {"page": page, "components": components},
        "incidents": {"page": page, "incidents": told},
        "incidents/unresolved": {"page": page, "incidents": open_},
        "scheduled-maintenances": {"page": page, "scheduled_maintenances": work[::-1][:NEWEST]},
        "scheduled-maintenances/upcoming": {"page": page, "scheduled_maintenances": upcoming},
        "scheduled-maintenances/active": {"page": page, "scheduled_maintenances": active},
    }  # fmt: skip


def webhook(
    one: PublicIncident | Maintenance, site: Site, *, unsubscribe: str, documentation: str
) -> dict[str, Any]:  # fmt: skip
    """
    What a subscriber's webhook gets of an incident or of planned work, as Statuspage says it.

    Args:
        site: With its components and what is unresolved; nothing else of it is read.
        unsubscribe: The address that ends the subscription by a POST.

    Source: support.atlassian.com/statuspage/docs/enable-webhook-notifications
    """
    page_id = public_id("page", site.url)
    parts = {component.name: _component(component, page_id) for component in site.components}
    indicator, description = site.overall
    told = _incident(one, parts, page_id, site.url) if isinstance(one, PublicIncident) else _maintenance(
        one, parts, page_id, site
    )  # fmt: skip
    return {
        "meta": {"unsubscribe": unsubscribe, "documentation": documentation, "generated_at": stamp(site.at)},
        "page": {"id": page_id, "status_indicator": indicator, "status_description": description},
        "incident": told,
    }


def _component(component: Component, page_id: str) -> dict[str, Any]:
    return {
        "id": component.id, "name": component.name, "status": component.state, "created_at": stamp(component.since),
        "updated_at": stamp(component.changed_at), "position": component.position, "description": None,
        "showcase": True, "start_date": f"{component.since.astimezone(UTC):%Y-%m-%d}", "group_id": None,
        "page_id": page_id, "group": False, "only_show_if_degraded": False,
    }  # fmt: skip


def _incident(one: PublicIncident, parts: Mapping[str, Any], page_id: str, url: str) -> dict[str, Any]:
    updates = [
        _update(
            update.id, update.status, update.body, one.id, update.at,
            [_change(name, before, after) for name, before, after in update.changes] or None,
        )
        for update in one.updates
    ]  # fmt: skip
    return {
        **_head(one.id, one.title, one.status, one.impact, page_id, url),
        "created_at": stamp(one.updates[-1].at if one.updates else one.started_at),
        "updated_at": stamp(one.updated_at),
        "monitoring_at": stamp(one.monitoring_at) if one.monitoring_at else None,
        "resolved_at": stamp(one.resolved_at) if one.resolved_at else None,
        "started_at": stamp(one.started_at), "incident_updates": updates,
        "components": [parts[name] for name in (one.component,) if name and name in parts],
    }  # fmt: skip


def _maintenance(one: Maintenance, parts: Mapping[str, Any], page_id: str, site: Site) -> dict[str, Any]:
    status = one.status(site.at)
    update = _update(f"{one.id}-1", status, one.text or one.title, one.id, one.created_at, None)
    begun, over = site.at >= one.start, site.at >= one.until
    return {
        **_head(one.id, one.title, status, "maintenance", page_id, site.url),
        "created_at": stamp(one.created_at),
        "updated_at": stamp(one.until if over else one.start if begun else one.created_at), "monitoring_at": None,
        "resolved_at": stamp(one.until) if over else None, "started_at": stamp(one.start),
        "incident_updates": [update], "components": [parts[name] for name in one.components if name in parts],
        "scheduled_for": stamp(one.start), "scheduled_until": stamp(one.until),
    }  # fmt: skip


def _head(id_: str, name: str, status: str, impact: str, page_id: str, url: str) -> dict[str, Any]:
    link = url if impact == "maintenance" else f"{url}/status/incidents/{id_}.html"
    return {"id": id_, "name": name, "status": status, "impact": impact, "shortlink": link, "page_id": page_id,
            "reminder_intervals": None}  # fmt: skip


def _update(id_: str, status: str, body: str, incident: str, at: datetime, changes: Any) -> dict[str, Any]:
    return {
        "id": id_, "status": status, "body": body, "incident_id": incident, "created_at": stamp(at),
        "updated_at": stamp(at), "display_at": stamp(at), "affected_components": changes,
        "deliver_notifications": True, "custom_tweet": None, "tweet_id": None,
    }  # fmt: skip


def _change(name: str, before: str, after: str) -> dict[str, str]:
    return {"code": public_id("component", name), "name": name, "old_status": before, "new_status": after}
