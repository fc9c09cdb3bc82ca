"""What the web server loads."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "registry.settings")

django_application = get_asgi_application()

from registry.hub.standing import StandingAnswers  # noqa: E402  Django has read its settings by now

application = StandingAnswers(django_application)
