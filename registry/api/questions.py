"""What reviewers and owners say to each other before a decision, over HTTP."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.api.bodies import Body
from registry.api.callers import actor_of
from registry.errors import NotFound
from registry.experts.queries import get_visible_version
from registry.reviews.models import Question
from registry.reviews.queries import get_visible_question, may_look_behind, questions_of
from registry.reviews.questions import answer_question, ask_owner


class WordsIn(Body):
    text = serializers.CharField(min_length=10, max_length=4000)


class QuestionOut(serializers.ModelSerializer[Question]):
    asked_by = serializers.CharField(source="asked_by.name", read_only=True)
    answered_by = serializers.SerializerMethodField()

    class Meta:
        model = Question
        fields = ["id", "asked_by", "asked_at", "text", "answered_by", "answered_at", "answer"]
        read_only_fields = fields

    def get_answered_by(self, question: Question) -> str | None:
        return question.answered_by.name if question.answered_by else None


class QuestionsOut(serializers.Serializer[Any]):
    questions = QuestionOut(many=True, read_only=True)


def _words(request: Request) -> str:
    body = WordsIn(data=request.data)
    body.is_valid(raise_exception=True)
    return str(body.validated_data["text"])


class Questions(APIView):
    """/versions/{version_id}/questions"""

    @extend_schema(operation_id="listQuestions", responses=QuestionsOut)
    def get(self, request: Request, version_id: UUID) -> Response:
        """For the owner's people, and for those whose work is to look."""
        actor = actor_of(request)
        version = get_visible_version(version_id, actor=actor)
        if not may_look_behind(actor, version):
            raise NotFound("There is no such version that you may look behind.")
        return Response(QuestionsOut({"questions": questions_of(version)}).data)

    @extend_schema(operation_id="askOwner", request=WordsIn, responses={201: QuestionOut})
    def post(self, request: Request, version_id: UUID) -> Response:
        """Ask the owner's people something before you decide; they are told."""
        text, actor = _words(request), actor_of(request)
        get_visible_version(version_id, actor=actor)
        return Response(QuestionOut(ask_owner(version_id, text=text, by=actor)).data, status=201)


class AnswerQuestion(APIView):
    """/questions/{question_id}/answer"""

    @extend_schema(operation_id="answerQuestion", request=WordsIn, responses=QuestionOut)
    def post(self, request: Request, question_id: UUID) -> Response:
        """Once, by an owner. What reviewers have read is stale from then on."""
        text, actor = _words(request), actor_of(request)
        answer_question(question_id, text=text, by=actor)
        return Response(QuestionOut(get_visible_question(question_id, actor=actor)).data)
