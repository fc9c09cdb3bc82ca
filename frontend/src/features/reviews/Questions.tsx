/** What reviewers ask of the owner's people, and their answers. */
import { Button, Group, Stack, Text, Textarea } from "@mantine/core";
import { useState, type SubmitEvent } from "react";
import type { Question } from "@/api/types";
import { Answered } from "@/components/Answered";
import { RefusalNotice } from "@/components/RefusalNotice";
import { RowList } from "@/components/RowList";
import { When } from "@/components/When";
import { useAnswerQuestion, useAskOwner, useQuestions } from "@/features/reviews/api";

const SHORTEST = 10;
const LONGEST = 4_000;
const SAID = { overflowWrap: "anywhere", whiteSpace: "pre-wrap" } as const;

interface QuestionsProps {
  versionId: string;
  mayAsk?: boolean;
  mayAnswer?: boolean;
}

export function Questions({ versionId, mayAsk = false, mayAnswer = false }: QuestionsProps) {
  const questions = useQuestions(versionId);
  const ask = useAskOwner(versionId);
  return (
    <Answered query={questions} what="questions">
      {({ questions: found }) => (
        <Stack>
          {found.length === 0 ? (
            <Text c="dimmed" size="sm">
              Nothing was asked.
            </Text>
          ) : (
            <RowList label="Questions">
              {found.map((question) => (
                <li key={question.id}>
                  <OneQuestion question={question} versionId={versionId} mayAnswer={mayAnswer} />
                </li>
              ))}
            </RowList>
          )}
          {mayAsk && <WordsForm label="Ask its owner" button="Ask" act={ask} />}
        </Stack>
      )}
    </Answered>
  );
}

function OneQuestion({ question, versionId, mayAnswer }: { question: Question; versionId: string; mayAnswer: boolean }) {
  const reply = useAnswerQuestion(question.id, versionId);
  return (
    <Stack gap={4}>
      <Text size="sm" component="div">
        {question.asked_by}, <When at={question.asked_at} />
      </Text>
      <Text style={SAID}>{question.text}</Text>
      {question.answered_at ? (
        <>
          <Text size="sm" component="div">
            {question.answered_by}, <When at={question.answered_at} />
          </Text>
          <Text style={SAID}>{question.answer}</Text>
        </>
      ) : mayAnswer ? (
        <WordsForm label="Your answer" button="Answer" act={reply} />
      ) : (
        <Text c="dimmed" size="sm">
          Not answered yet.
        </Text>
      )}
    </Stack>
  );
}

interface WordsFormProps {
  label: string;
  button: string;
  act: { mutate: (text: string, then: { onSuccess: () => void }) => void; isPending: boolean; error: Error | null };
}

function WordsForm({ label, button, act }: WordsFormProps) {
  const [text, setText] = useState("");

  function handleSubmit(event: SubmitEvent) {
    event.preventDefault();
    act.mutate(text.trim(), { onSuccess: () => setText("") });
  }

  return (
    <form onSubmit={handleSubmit}>
      <Stack gap="xs">
        <Textarea
          label={label}
          description={`At least ${SHORTEST} characters.`}
          maxLength={LONGEST}
          autosize
          minRows={2}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        {act.error && <RefusalNotice error={act.error} />}
        <Group justify="flex-end">
          <Button type="submit" variant="default" loading={act.isPending} disabled={text.trim().length < SHORTEST}>
            {button}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
