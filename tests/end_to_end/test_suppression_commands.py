"""Names and numbers that no output shows, during a run and without one (end-to-end)."""

from __future__ import annotations


def test_lists_of_the_run_and_of_the_asker_both_apply(job, court, archive):
    for name in ("run", "mine"):
        (job.folder / f"{name}.txt").write_text("# nobody yet\n", encoding="utf-8")
    assert job.do(*job.run(court, "--archive=none")).code == 0
    everything = job.do("decisions", "--json").rows
    first, second = everything[0], everything[-1]
    assert first["polo_ativo"]
    (job.folder / "run.txt").write_text(f"{first['numero_processo']}\n", encoding="utf-8")
    mine = f"{second['numero_processo']}\n{second['relator']}\n"
    (job.folder / "mine.txt").write_text(mine, encoding="utf-8")

    with archive.held():
        running = job.start(*job.run(court, "--set=privacy.suppress=run.txt", archive=archive))
        job.wait_for(running, lambda view: view["archive"]["busy"] >= 2, "uploads in hand")
        theirs = job.do("decisions", "--json")
        both = job.do("decisions", "--json", "--set=privacy.suppress=mine.txt")
        found = job.do("decisions", "--json", "--number", first["numero_processo"])
        shown = job.do("decisions", "--show", "--limit=5", "--set=privacy.suppress=mine.txt")
    assert len(theirs.rows) == len(everything) - 1
    assert theirs.err == "1 decision is not shown: privacy.suppress\n"
    assert len(both.rows) == len(everything) - 2
    assert both.err.startswith("2 decisions are not shown")
    assert found.rows == []
    hidden = (first["numero_processo"], second["numero_processo"], second["relator"])
    assert not [name for name in hidden if name in both.out]
    assert second["relator"].casefold() not in shown.out.casefold()

    archive.resume()
    running.terminate()
    running.communicate()
    alone = job.do("decisions", "--json", "--set=privacy.suppress=mine.txt")
    assert len(alone.rows) == len(everything) - 1
    assert second["relator"] not in alone.out
