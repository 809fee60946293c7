"""Who asks for a page: what is known of them besides their live state, and the experiments that they are in."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from core.domain.ids import Millis
from core.domain.mix import MixPolicy
from core.services.assignments import SIGNAL
from core.services.feed_arms import FeedArms
from core.services.feed_policies import Policies
from core.services.feed_request import PageRequest, Wanted, checked
from core.services.remembered import RememberedWhole
from core.services.stores import Stores


class Askers:
    """Makes complete requests of what an app says. Thread safe."""

    def __init__(self, stores: Stores, policies: Policies, arms: FeedArms | None) -> None:
        self._profiles = RememberedWhole(stores.sample_viewers)
        self._policies, self._arms = policies, arms

    def request(self, viewer: str, wanted: Wanted, *, now: Millis, arms: bool = True) -> PageRequest:
        """The request; with `arms` those that the viewer is in decide, unless it names a policy.

        Raises InvalidInput naming `viewer`, `size`, `session`, `segment`, `cursor` or `policy`.
        """
        policy, region = wanted.get("policy"), wanted.get("region")
        asked = checked(
            viewer,
            wanted.get("size", 20),
            cursor=wanted.get("cursor"),
            session=wanted.get("session"),
            region=region,
            languages=wanted.get("languages", ()),
            segment=wanted.get("segment"),
            platform=wanted.get("platform", ""),
            newcomer=wanted.get("newcomer"),
            reasons=wanted.get("reasons", True),
            staff=wanted.get("staff", False),
            packed=wanted.get("packed", False),
            assigned=arms and policy is None,
        )
        return self.known(asked, policy, region, now=now)

    def known(
        self, asked: PageRequest, policy: MixPolicy | str | None, region: str | None, *, now: Millis
    ) -> PageRequest:
        """The request with the policy that was asked for and what is known of the viewer. Raises InvalidInput naming `policy`."""
        profile = self._profiles.get(asked.viewer, now=now)
        if policy is not None:
            asked = replace(asked, policy=self._policies.asked_for(policy))
        if profile is None:
            return asked
        here = profile.region if region is None else region
        segment = asked.segment or profile.segment
        return replace(asked, region=here, language=profile.language, segment=segment, sample=True)

    def under_arms(self, asked: PageRequest, versions: Mapping[str, int], *, now: Millis) -> PageRequest:
        """The request under the policy and the model of the viewer's arms, if they decide; `versions` are of the page's read."""
        if self._arms is None or not asked.assigned:
            return asked
        return self._arms.applied(asked, versions.get(SIGNAL), now=now)

    def met(self, asked: PageRequest, *, now: Millis) -> None:
        """Have it written down that the viewer met their arms."""
        if self._arms is not None:
            self._arms.expose(asked, now=now)
