"""The addresses of the hub's protocol. They stand at the root, because that is where stock clients look for them."""

from django.urls import path

from registry.hub.chunked import shards, write_token, xorbs
from registry.hub.files import resolve
from registry.hub.person_views import whoami
from registry.hub.pushing import commit, complete, create, objects_batch, preupload, show_commit
from registry.hub.repository_views import auth_check, commits, model_info, paths_info, refs, tree

MODEL = "api/models/<str:namespace>/<str:name>"

urlpatterns = [
    path("api/whoami-v2", whoami),
    path("api/repos/create", create),
    path("api/lfs/complete", complete),
    path(f"{MODEL}/xet-write-token/<path:revision>", write_token),
    path("api/xet/<str:upload>/v1/xorbs/default/<str:name>", xorbs),
    path("api/xet/<str:upload>/v<int:version>/shards", shards),
    path(f"{MODEL}/preupload/<path:revision>", preupload),
    path(f"{MODEL}/commit/<path:revision>", commit),
    path("<str:namespace>/<str:name>.git/info/lfs/objects/batch", objects_batch),
    path("<str:namespace>/<str:name>/commit/<str:revision>", show_commit),
    path(MODEL, model_info),
    path(f"{MODEL}/auth-check", auth_check),
    path(f"{MODEL}/refs", refs),
    path(f"{MODEL}/revision/<path:revision>", model_info),
    path(f"{MODEL}/tree/<str:revision>", tree),
    path(f"{MODEL}/tree/<str:revision>/<path:folder>", tree),
    path(f"{MODEL}/paths-info/<path:revision>", paths_info),
    path(f"{MODEL}/commits/<path:revision>", commits),
    path("<str:namespace>/<str:name>/resolve/<str:revision>/<path:path>", resolve),
]
