/** Writing a policy set, begun from the one that decides or from another. */
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { hasRole, usePerson } from "@/api/session";
import type { PolicySetWhole } from "@/api/types";
import { Answered } from "@/components/Answered";
import { Empty } from "@/components/Empty";
import { Page } from "@/components/Page";
import { useActivePolicySet, usePolicySet } from "@/features/policy/api";
import { PolicyEditor } from "@/features/policy/PolicyEditor";

const route = getRouteApi("/signed-in/policies/new");

export function NewPolicyPage() {
  const { from } = route.useSearch();
  const person = usePerson();
  return (
    <Page title="Write a policy set" about="Checked as you type. What you propose decides nothing until somebody else activates it.">
      {!hasRole(person, "compliance") && !hasRole(person, "operator") ? (
        <Empty title="Only compliance and operators write policies">Ask the operator for the role, or read the sets there are.</Empty>
      ) : from === undefined ? (
        <FromActive />
      ) : (
        <FromSet number={Number(from)} />
      )}
    </Page>
  );
}

function FromActive() {
  return <Answered query={useActivePolicySet()} what="set that decides">{(set) => <Editor set={set} />}</Answered>;
}

function FromSet({ number }: { number: number }) {
  return <Answered query={usePolicySet(number)} what="policy set">{(set) => <Editor set={set} />}</Answered>;
}

function Editor({ set }: { set: PolicySetWhole }) {
  const navigate = useNavigate();
  return (
    <PolicyEditor
      key={set.number}
      set={set}
      onProposed={(number) => void navigate({ to: "/policies/$number", params: { number: String(number) } })}
    />
  );
}
