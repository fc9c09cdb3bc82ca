"""Every address of the service, in one file."""

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, include, path, re_path

from registry.api import log_files, pages, public, signing_in


def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


handler400 = "registry.api.problems.bad_request"
handler403 = "registry.api.problems.forbidden"
handler404 = "registry.api.pages.nothing_here"
handler500 = "registry.api.problems.fault"

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", healthz),
    path("status", public.status),
    path("feed/withdrawals.json", public.feed),
    path("log/checkpoint", log_files.checkpoint),
    path("log/keys.json", log_files.keys),
    path("log/model-key.pem", log_files.model_key),
    path("log/tile/<path:path>", log_files.tile),
    path("api/v1/log/<int:index>/proof", log_files.proof),
    path("api/v1/log/<int:index>/leaf", log_files.leaf),
    path("api/v1/", include("registry.api.urls")),
    *signing_in.urlpatterns,
    path("", include("registry.hub.urls")),
    *(re_path(address, pages.page) for address in pages.ADDRESSES),
]
