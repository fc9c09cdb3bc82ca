# The shipped policy set in OPA's language, rule by rule: only for benchmarks/policy.py, which checks that both answer alike.
package guildhall

import rego.v1

version := input.version

context := input.context

deny contains "forbid.not-approved" if version.state != "approved"

deny contains "forbid.quarantined" if version.quarantine != ""

deny contains "forbid.other-anchor" if version.anchor != context.anchor

deny contains "forbid.signature-unverified" if not version.signature_verified

deny contains "forbid.purpose-outside-consent" if not context.purpose in version.purposes

deny contains "forbid.consent-not-yet-valid" if not begun

begun if version.valid_from <= context.now

deny contains "forbid.consent-expired" if version.valid_until <= context.now

deny contains "forbid.recipient-not-named" if {
	count(version.recipients) > 0
	not input.consumer.slug in version.recipients
}

deny contains "forbid.jurisdiction-outside-consent" if {
	count(version.jurisdictions) > 0
	not inside
}

inside if {
	some place in input.consumer.jurisdictions
	place in version.jurisdictions
}

deny contains "forbid.legal-basis-contradicted" if {
	version.legal_basis == "no-personal-data"
	version.personal_data
}

deny contains "forbid.licence-unknown" if not version.licence_known

deny contains "forbid.licence-expired" if version.licence_valid_until <= context.now

deny contains "forbid.licence-non-commercial" if {
	context.commercial
	version.licence_known
	not version.commercial_use
}

deny contains "forbid.licence-no-derivatives" if {
	version.licence_known
	not version.derivatives
}

tested if version.epsilon >= 0

tested if version.extraction_rate >= 0

deny contains "forbid.personal-data-untested" if {
	version.personal_data
	not tested
}

deny contains "forbid.privacy-claim-incomplete" if {
	not version.mechanism in {"", "none"}
	not stated
}

stated if version.epsilon >= 0

deny contains "forbid.epsilon-too-large" if version.epsilon > 8

deny contains "forbid.delta-too-large" if version.delta_ppb > 100000

deny contains "forbid.extraction-rate-too-high" if version.extraction_rate > 0.01

deny contains "forbid.too-many-experts" if context.experts > 32

deny contains "forbid.approval-too-old" if version.approved_at + (730 * 86400) <= context.now
