"""Stories are posted with the engine's own actions, since not every generation of the API can start
a run.
"""

from inbox.engine.actions import generation_c, interactions, runs
from inbox.engine.actions.auth import Caller
from inbox.engine.models import Interaction, Project
from inbox.engine.stories.loader import PEOPLE, Post


def has_open(handle: str) -> bool:
    return Interaction.objects.filter(project__handle=handle, status__in=Interaction.OPEN).exists()


def send(handle: str, post: Post) -> str:
    """Return the id of the new run or interaction. A running engine notices it within a second."""
    service = Caller(Project.objects.get(handle=handle).pk, None, "service key")
    if post.path == "/runs":
        run_id: str = runs.start(caller=service, body=post.body, later=True)["id"]
        for question in post.questions:
            body = {**question, "run_id": run_id}
            interactions.create(caller=service, body=body, later=True)
        return run_id
    made: str = interactions.create(caller=service, body=post.body, later=True)["id"]
    if post.answer is not None:
        answer = {"value": post.answer.value, "comment": post.answer.comment}
        interactions.respond(caller=service, interaction_id=made, body=answer)
    for act in post.acts:
        body = {name: value for name, value in act.items() if name != "by"}
        person = Caller(service.project_id, act["by"], PEOPLE[act["by"]])
        do = generation_c.respond if "answers" in act else generation_c.review
        do(caller=person, interaction_id=made, body=body)
    return made
