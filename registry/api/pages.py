"""The front door: index.html for every page's address, with a fresh nonce for the only styles a browser may take in."""

from functools import cache
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from registry.api import problems

NONCE = "GUILDHALL_NONCE"  # what frontend/vite.config.ts leaves in the page for us
# The addresses of frontend/src/app/router.tsx; whatever else is asked for is answered by no page.
ADDRESSES = (
    r"^$",
    r"^(?:login|join|upload|log|account|administration|my-experts|notices|verify|reference)$",
    r"^experts(?:/[^/]+/[^/]+)?$",
    r"^versions/[^/]+$",
    r"^reviews(?:/[^/]+)?$",
    r"^policies(?:/[^/]+)?$",
    r"^models(?:/new|/[^/]+/[^/]+)?$",
    r"^compositions/[^/]+$",
    r"^guides(?:/[^/]+)?$",
    r"^withdrawals/[^/]+/certificate$",
)
NOT_BUILT = "The pages are not built. Run `npm ci && npm run build` in frontend/, or `make demo`.\n"


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The pages find their own way once they are loaded; the browser asks again for each one, so none goes stale."""
    try:
        text = _index(settings.FRONTEND_DIST / "index.html")
    except FileNotFoundError:
        return HttpResponse(NOT_BUILT, status=503, content_type="text/plain")
    nonce = request.csp_nonce  # type: ignore[attr-defined]  # put there by django-csp
    return HttpResponse(text.replace(NONCE, str(nonce)), headers={"Cache-Control": "no-store"})


def nothing_here(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A person with a browser gets a page that says so; a program, and whoever asks the API, a problem document."""
    asks_for_page = request.method == "GET" and "text/html" in request.headers.get("Accept", "")
    if not asks_for_page or request.path_info.startswith("/api/"):
        return problems.nothing_here(request, exception)
    answer = page(request)
    answer.status_code = 404
    return answer


@cache
def _index(path: Path) -> str:
    return path.read_text(encoding="utf-8")
