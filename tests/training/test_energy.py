"""Energy counters as Linux shows them: sockets are added up, a full counter starts again, no counter gives None."""

import torch

from nasbench.training.energy import Energy

CPU = torch.device("cpu")


def zone(folder, name, used, full=1000):
    path = folder / name
    path.mkdir(exist_ok=True)
    (path / "energy_uj").write_text(f"{used}\n")
    (path / "max_energy_range_uj").write_text(f"{full}\n")


def test_sockets_are_added_and_their_parts_are_not_counted_twice(tmp_path):
    for name, used in (("intel-rapl:0", 100), ("intel-rapl:1", 900), ("intel-rapl:0:0", 50)):
        zone(tmp_path, name, used)
    energy = Energy(CPU, tmp_path)
    assert energy.measure_lap() == 0
    zone(tmp_path, "intel-rapl:0", 400)
    zone(tmp_path, "intel-rapl:1", 99)  # 900 to 1000, then from 0 to 99
    zone(tmp_path, "intel-rapl:0:0", 350)
    assert energy.measure_lap() == (300 + 200) / 1e6
    assert energy.measure_lap() == 0


def test_what_cannot_be_read_is_missing(tmp_path):
    assert Energy(CPU, tmp_path).measure_lap() is None
    zone(tmp_path, "intel-rapl:0", "secret")
    assert Energy(CPU, tmp_path).measure_lap() is None
