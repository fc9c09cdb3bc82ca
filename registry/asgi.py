"""What the web server loads."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "registry.settings")

django_application = get_asgi_application()

# Django has read its settings by now.
from registry.hub.standing import StandingAnswers  # noqa: E402
from registry.hub.turnstile import Turnstile  # noqa: E402

application = StandingAnswers(Turnstile(django_application))
