/** A certificate as a page to print: what was withdrawn, what was done and when, what stays out of reach, how to verify it. */
import { Anchor, Button, Group, List, Stack, Text } from "@mantine/core";
import type { CertificateBundle } from "@/api/types";
import { CopyBlock } from "@/components/CopyBlock";
import { exactly } from "@/components/dates";
import { Facts } from "@/components/Facts";
import { Notice } from "@/components/Notice";
import { PageLink } from "@/components/PageLink";
import { Section } from "@/components/Section";
import { Sentence } from "@/components/Sentence";
import { count } from "@/components/sizes";
import { certificatePath } from "@/features/withdrawals/api";
import { BASES, CAUSES, inWords } from "@/features/withdrawals/bases";
import { readCertificate, type Certificate, type Predicate } from "@/features/withdrawals/certificate";
import { acknowledgement, howItHasIt } from "@/features/withdrawals/residuals";
import { didWhat, titleOf } from "@/features/withdrawals/steps";
import classes from "@/features/withdrawals/Withdrawals.module.css";

const VERIFY = `pip install ./client
guildhall verify certificate certificate.json --log ${window.location.origin}`;

export function CertificateSheet({ id, bundle }: { id: string; bundle: CertificateBundle }) {
  const certificate = readCertificate(bundle);
  const { predicate } = certificate;
  return (
    <Stack gap="lg" className={classes["sheet"]}>
      <Group gap="sm" data-print="never">
        <Button onClick={() => window.print()}>Print</Button>
        <Anchor href={certificatePath(id)} download="certificate.json">
          Download certificate.json
        </Anchor>
      </Group>
      {!certificate.inLog && (
        <Notice tone="bad" role="alert" title="The log does not name this statement">
          The entry that came with it names another digest. Do not rely on this certificate.
        </Notice>
      )}
      <Section title="What was withdrawn">
        <Facts
          facts={[
            ["Expert version", certificate.version],
            ["Data digest", certificate.dataDigest],
            ["Cause", inWords(CAUSES, predicate.cause)],
            ["Legal basis", inWords(BASES, predicate.legal_basis)],
            ["Asked for", exactly(predicate.requested_at)],
          ]}
        />
      </Section>
      <Done predicate={predicate} />
      <Residue predicate={predicate} />
      <Section title="How to verify it" about="Without an account, and without our word.">
        <Facts
          facts={[
            ["Digest of the statement", certificate.digest],
            ["Place in the log", `entry ${certificate.index} of ${certificate.origin}, ${atSize(certificate)}`],
            ["Signed with", certificate.key],
          ]}
        />
        <PageLink to="/verify">Verify it in this browser</PageLink>
        <CopyBlock title="Verify the file" text={VERIFY} />
        <Text size="sm">
          The log is asked for its key once; with that key, or with <code>--key</code> and one that you have from elsewhere, no
          connection is needed. The command checks the signature, that the log names this digest and the key that signed, and that both entries are under a
          signed checkpoint. <code>docs/verify.md</code> says how to do the same with other people&apos;s tools.
        </Text>
      </Section>
    </Stack>
  );
}

function Done({ predicate }: { predicate: Predicate }) {
  const { steps, models } = predicate;
  return (
    <Section title="What was done">
      <table>
        <thead>
          <tr>
            <th scope="col">Step</th>
            <th scope="col">When</th>
            <th scope="col">What</th>
          </tr>
        </thead>
        <tbody>
          {steps.map(({ step, at, facts }) => (
            <tr key={step}>
              <th scope="row">{titleOf(step)}</th>
              <td>{exactly(at)}</td>
              <td>{didWhat(step, facts)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {models.length === 0 ? (
        <Text size="sm">No model held it.</Text>
      ) : (
        <List size="sm" spacing={4}>
          {models.map(({ model, revision, now }) => (
            <List.Item key={`${model} ${revision}`}>
              {model}: {revision ? `revision ${revision} is no longer served.` : "a build with it was cancelled."}{" "}
              {now ? `Its main became ${now}.` : "It was left without a main."}
            </List.Item>
          ))}
        </List>
      )}
    </Section>
  );
}

function Residue({ predicate }: { predicate: Predicate }) {
  const { recipients, pinned_revisions: pinned, licence, licence_irrevocable: irrevocable, says } = predicate.residuals;
  return (
    <Section title="What stays out of reach" about="A certificate that left this out would not be honest.">
      {recipients.length > 0 && (
        <List size="sm" spacing={4}>
          {recipients.map((one) => (
            <List.Item key={one.organisation}>
              {one.organisation}: {howItHasIt(one)}. {acknowledgement(one).words}.
            </List.Item>
          ))}
        </List>
      )}
      <Facts
        facts={[
          ["Licence", irrevocable ? `${licence}: rights that were given stay given` : `${licence}: it ends with the withdrawal`],
          ["Pinned revisions", pinned.join(", ")],
        ]}
      />
      <List size="sm" spacing={4}>
        {says.map((sentence) => (
          <List.Item key={sentence}>
            <Sentence text={sentence} />
          </List.Item>
        ))}
      </List>
    </Section>
  );
}

function atSize({ logSize }: Certificate): string {
  return `proven in its first ${count(logSize, "entry", "entries")}`;
}
