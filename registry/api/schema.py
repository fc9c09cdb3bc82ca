"""How the OpenAPI document is made: every operation answers with its own shape, or else with a problem."""

from typing import Any

from drf_spectacular.openapi import AutoSchema

from registry.api.problems import CONTENT_TYPE, Problem


class Operation(AutoSchema):
    """Adds the problem document as each operation's `default` answer, in one place instead of in every view."""

    def get_description(self) -> str:  # type: ignore[override]  # drf-spectacular asks without path and method
        """A view's first line may be its address; that is no description."""
        text = str(super().get_description())
        return "" if text.startswith("/") else text

    def _get_response_bodies(self, *args: Any, **kwargs: Any) -> Any:
        responses = super()._get_response_bodies(*args, **kwargs)
        responses["default"] = self._get_response_for_code(  # type: ignore[no-untyped-call]
            Problem, "default", media_types=[CONTENT_TYPE]
        )
        responses["default"]["description"] = "What was refused, and why (RFC 9457)."
        return responses
