"""The addresses under /api/v1, room by room."""

from django.urls import URLPattern, path
from drf_spectacular.views import SpectacularAPIView

from registry.api import (
    accounts,
    audit,
    compositions,
    experts,
    files,
    licences,
    models,
    notices,
    requesting,
    reviews,
    revisions,
    session,
    usage,
    versions,
    vocabulary,
    watching,
    withdrawals,
)

urlpatterns: list[URLPattern] = [
    path("schema", SpectacularAPIView.as_view(), name="schema"),
    path("vocabulary", vocabulary.Vocabulary.as_view()),
    # audit
    path("log", audit.Log.as_view()),
    path("log/export", audit.ExportLog.as_view()),
    # accounts
    path("session", session.SessionView.as_view()),
    path("people", accounts.People.as_view()),
    path("people/<uuid:person_id>/erase", accounts.ErasePerson.as_view()),
    path("organisations", accounts.Organisations.as_view()),
    path("organisations/<slug:slug>/roles", accounts.Roles.as_view()),
    path("organisations/<slug:slug>/roles/revoke", accounts.RevokeRole.as_view()),
    path("organisations/<slug:slug>/keys", accounts.Keys.as_view()),
    path("keys/<uuid:key_id>/revoke", accounts.RevokeKey.as_view()),
    path("tokens", accounts.Tokens.as_view()),
    path("tokens/<uuid:token_id>", accounts.Token.as_view()),
    # notices
    path("organisations/<slug:slug>/webhooks", notices.Webhooks.as_view()),
    path("organisations/<slug:slug>/deliveries", notices.Deliveries.as_view()),
    path("webhooks/<uuid:webhook_id>/disable", notices.DisableWebhook.as_view()),
    path("webhooks/<uuid:webhook_id>/ping", notices.PingWebhook.as_view()),
    path("deliveries/<uuid:delivery_id>/acknowledge", notices.AcknowledgeDelivery.as_view()),
    # usage
    path("organisations/<slug:slug>/usage", usage.Usage.as_view()),
    # experts, with their evidence
    path("anchors", experts.Anchors.as_view()),
    path("anchors/<slug:slug>", experts.AnchorView.as_view()),
    path("anchors/<slug:slug>/files", experts.AnchorFiles.as_view()),
    path("anchors/<slug:slug>/submit", experts.SubmitAnchor.as_view()),
    path("experts", experts.Experts.as_view()),
    path("experts/<slug:organisation>/<slug:name>", experts.ExpertView.as_view()),
    path("experts/<slug:organisation>/<slug:name>/versions", versions.Versions.as_view()),
    path("versions/<uuid:version_id>", versions.Version.as_view()),
    path("versions/<uuid:version_id>/files", versions.VersionFiles.as_view()),
    path("versions/<uuid:version_id>/submit", versions.SubmitVersion.as_view()),
    path("files/<uuid:file_id>", files.File.as_view()),
    path("files/<uuid:file_id>/parts", files.Parts.as_view()),
    path("files/<uuid:file_id>/complete", files.CompleteFile.as_view()),
    # reviews
    path("reviews/queue", reviews.ReviewQueue.as_view()),
    path("versions/<uuid:version_id>/reviews", reviews.ReviewVersion.as_view()),
    # withdrawals
    path("versions/<uuid:version_id>/withdraw", withdrawals.WithdrawVersion.as_view()),
    path("versions/<uuid:version_id>/withdrawal", withdrawals.WithdrawalOfVersion.as_view()),
    path("versions/<uuid:version_id>/withdrawal-preview", withdrawals.WithdrawalPreview.as_view()),
    path("versions/<uuid:version_id>/receipt", withdrawals.Receipt.as_view()),
    path("versions/<uuid:version_id>/pause", withdrawals.PauseVersion.as_view()),
    path("versions/<uuid:version_id>/resume", withdrawals.ResumeVersion.as_view()),
    path("versions/<uuid:version_id>/hold", withdrawals.Hold.as_view()),
    path("experts/<slug:organisation>/<slug:name>/withdraw", withdrawals.WithdrawExpert.as_view()),
    path("experts/<slug:organisation>/<slug:name>/withdrawal-preview", withdrawals.ExpertWithdrawalPreview.as_view()),
    path("organisations/<slug:slug>/withdraw", withdrawals.WithdrawOrganisation.as_view()),
    path("organisations/<slug:slug>/withdrawal-preview", withdrawals.OrganisationWithdrawalPreview.as_view()),
    path("withdrawals/<uuid:withdrawal_id>", withdrawals.OneWithdrawal.as_view()),
    path("withdrawals/<uuid:withdrawal_id>/confirm-destruction", withdrawals.ConfirmDestruction.as_view()),
    path("withdrawals/<uuid:withdrawal_id>/certificate", withdrawals.CertificateOfWithdrawal.as_view()),
    # compositions
    path("licences/combine", licences.CombineLicencesView.as_view()),
    path("models", models.Models.as_view()),
    path("models/explain", models.Explain.as_view()),
    path("models/<slug:org>/<slug:name>", requesting.ModelView.as_view()),
    path("models/<slug:org>/<slug:name>/revisions", revisions.Revisions.as_view()),
    path("models/<slug:org>/<slug:name>/revisions/<str:before>/compare/<str:after>", revisions.Compare.as_view()),
    path("models/<slug:org>/<slug:name>/tags/<str:tag>", revisions.TagView.as_view()),
    path("compositions/<uuid:composition_id>", compositions.CompositionView.as_view()),
    path("compositions/<uuid:composition_id>/events", watching.CompositionEvents.as_view()),
    path("compositions/<uuid:composition_id>/cancel", compositions.CancelComposition.as_view()),
]
