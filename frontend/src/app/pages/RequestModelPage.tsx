/** Asking for a new model. */
import { useNavigate } from "@tanstack/react-router";
import { hasRole, organisationsWith, usePerson } from "@/api/session";
import { useVocabulary } from "@/api/vocabulary";
import { Answered } from "@/components/Answered";
import { Empty } from "@/components/Empty";
import { Page } from "@/components/Page";
import { RequestModelForm } from "@/features/compositions/RequestModelForm";
import { useAnchors } from "@/features/experts/api";

export function RequestModelPage() {
  const person = usePerson();
  const anchors = useAnchors();
  const vocabulary = useVocabulary();
  const navigate = useNavigate();

  return (
    <Page title="Request a model" about="Say what for, choose experts, and it is composed within minutes.">
      {hasRole(person, "consumer") ? (
        <Answered query={anchors} what="anchors">
          {(known) => (
            <Answered query={vocabulary} what="form">
              {({ purposes }) => (
                <RequestModelForm
                  anchors={known.filter(({ state }) => state === "verified")}
                  organisations={organisationsWith(person, "consumer")}
                  purposes={purposes}
                  onRequested={(model) =>
                    void navigate(
                      model.latest
                        ? { to: "/compositions/$id", params: { id: model.latest.id } }
                        : { to: "/models/$org/$name", params: { org: model.organisation, name: model.name } },
                    )
                  }
                />
              )}
            </Answered>
          )}
        </Answered>
      ) : (
        <Empty title="Only consumers request models">Ask the operator for the role of consumer in your organisation.</Empty>
      )}
    </Page>
  );
}
