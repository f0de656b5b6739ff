import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.engine.http.reading import newest, reading
from tests.engine.http.refusals import refused
from tests.fixtures_engine import Project


def test_fifty_simultaneous_answers_have_one_winner(project: Project) -> None:
    run = project.start(project.question())
    question = project.pending(run["id"])
    before = newest(project)
    start = threading.Barrier(50)

    def answer(number: int) -> httpx.Response:
        start.wait()
        return project.http.post(
            f"interactions/{question['id']}/respond",
            json={"value": number % 2 == 0, "comment": f"answer {number}"},
        )

    with ThreadPoolExecutor(50) as pool:
        responses = list(pool.map(answer, range(50)))
    assert Counter(response.status_code for response in responses) == {200: 1, 409: 49}
    for response in responses:
        if response.status_code == 409:
            assert refused(response, 409, "conflict") == {"status": "completed"}
    (won,) = (response.json() for response in responses if response.status_code == 200)
    assert project.http.get(f"interactions/{question['id']}").json() == won
    project.wait_for(run["id"], "completed")
    with reading(project, f"runs/{run['id']}/events?since={before}") as stream:
        frames = stream.until(newest(project))
    counted = Counter(frame.event for frame in frames)
    assert counted["interaction_completed"] == 1
    statuses = [f.data["data"]["status"] for f in frames if f.event == "run_updated" and f.data]
    assert statuses[1:] == ["queued", "running", "completed"]


def test_two_simultaneous_claims_have_one_winner(project: Project) -> None:
    people = ["user_rina", "user_sam", "user_lee"]
    for _ in range(5):
        question = project.ask(target={"type": "group", "id": "approvers"})
        start = threading.Barrier(3)

        def claim(user_id: str, path: str = f"interactions/{question['id']}/claim") -> int:
            start.wait()  # noqa: B023 - used up within the round
            return project.as_(user_id).post(path).status_code

        with ThreadPoolExecutor(3) as pool:
            assert sorted(pool.map(claim, people)) == [200, 409, 409]
