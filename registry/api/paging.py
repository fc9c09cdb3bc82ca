"""Long lists go out a page at a time, by cursor: what is added meanwhile shifts nothing."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import DataError
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination

from registry.errors import Invalid


class Pages(CursorPagination):
    """Fifty rows a page. A view orders its own rows with `ordering`."""

    page_size = 50
    ordering: tuple[str, ...] = ("-created_at", "id")

    def get_ordering(self, request: Any, queryset: Any, view: Any) -> Any:
        return getattr(view, "ordering", None) or super().get_ordering(request, queryset, view)

    def paginate_queryset(self, queryset: Any, request: Any, view: Any = None) -> Any:
        if self.cursor_query_param not in request.query_params:
            return super().paginate_queryset(queryset, request, view)
        try:
            return super().paginate_queryset(queryset, request, view)
        except (NotFound, ValidationError, ValueError, DataError) as fault:
            # A cursor is ours to write; what does not decode to a place in this list was made elsewhere.
            raise Invalid("cursor: this is not a cursor of this list; begin again without it.") from fault
