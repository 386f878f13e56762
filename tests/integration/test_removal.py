"""What is deleted is gone for everybody at once, and from the disk soon, whatever comes between."""
import sqlite3
from contextlib import closing

from processes import wait_until

ROWS = 30_000       # three chunks
TABLES = ("chunks", "chunk_inputs", "chunk_segments", "chunk_results", "removed_jobs", "events")


def rows_left(program, job_id):
    """How many rows each table still has of the job."""
    with closing(sqlite3.connect(f"file:{program.folder}/verihook.db?mode=ro", uri=True)) as store:
        counts = {table: store.execute(
            f"SELECT COUNT(*) FROM {table} WHERE job_id = ?", (job_id,)).fetchone()[0]
            for table in TABLES}
    return {table: count for table, count in counts.items() if count}


def wait_until_gone(program, job_id):
    wait_until(lambda: not rows_left(program, job_id), 60,
               lambda: f"nothing left of the job; there is {rows_left(program, job_id)}")


def large_job(program, **members):
    return program.submit([f"accepted_email+{i}@sandbox.test" for i in range(ROWS)], **members)


def test_a_deleted_job_is_gone_at_once_and_its_rows_soon(own_program):
    kept = own_program.submit(["accepted_email@sandbox.test"])
    job_id = large_job(own_program)
    own_program.wait_for_job(job_id, 120)
    assert own_program.call("DELETE", f"/v1/bulk/{job_id}").status == 204
    for path in (f"/v1/bulk/{job_id}", f"/v1/bulk/download/{job_id}"):
        assert own_program.call("GET", path).status == 404
    assert [job["job_id"] for job in own_program.pages("/v1/bulk")] == [kept]
    wait_until_gone(own_program, job_id)
    own_program.wait_for_job(kept, 30)
    assert len(own_program.download(kept)) == 1


def test_what_a_kill_leaves_of_a_deleted_job_goes_with_the_next_start(own_program):
    job_id = large_job(own_program, start=False)
    own_program.kill()
    # As if the kill had come right behind the answer to the DELETE.
    with closing(sqlite3.connect(own_program.folder / "verihook.db")) as store:
        store.execute("DELETE FROM jobs WHERE id = ?", (job_id,))
        store.execute("INSERT INTO removed_jobs VALUES ('default', ?)", (job_id,))
        store.commit()
    assert rows_left(own_program, job_id)["chunks"] == 3
    own_program.start()
    assert own_program.call("GET", f"/v1/bulk/{job_id}").status == 404
    wait_until_gone(own_program, job_id)
