"""The table of sets: what each is called, who made it, what its opinions mean, and how it is read."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from qualiclip.errors import InputError

from .generated import read_agiqa1k, read_agiqa3k, read_pipal
from .photographs import read_clive, read_flive, read_koniq10k, read_spaq
from .rated import Rated, refuse_repeats
from .synthetic import read_csiq, read_kadid10k, read_live, read_tid2013


@dataclass(frozen=True)
class Dataset:
    """A set with human opinions.

    Attributes:
        label: Its name in tables and figures.
        pictures: How many it has.
        source: Authors and year, to be cited; the terms of use are on the owners' page.
        unit: What an opinion is, with its usual range.
        reader: From the folder of the set to its pictures, with the opinions as they are in its files.
        lower_is_better: Whether its opinions are a DMOS, to be turned.
        short_side: Pixels to which the protocol shrinks the short side; None for the pictures as they are.
    """

    label: str
    pictures: int
    source: str
    unit: str
    reader: Callable[[Path], list[Rated]]
    lower_is_better: bool = False
    short_side: int | None = None

    def read(self, root: Path) -> list[Rated]:
        """Its pictures; opinions are higher for better pictures, for a DMOS is taken negative.

        Raises:
            InputError: if the folder has another layout, or a picture is there twice.
        """
        if not root.is_dir():
            raise InputError(f"{root}: no such folder; name the one into which {self.label} was unpacked")
        rated = self.reader(root)
        if not rated:
            raise InputError(f"{root}: the table of {self.label} has no rows; download it again")
        refuse_repeats(rated, root)
        return [replace(row, opinion=-row.opinion) for row in rated] if self.lower_is_better else rated


DATASETS: dict[str, Dataset] = {
    "koniq10k": Dataset("KonIQ-10k", 10073, "Hosu et al. 2020", "MOS, 1 to 100", read_koniq10k),
    "clive": Dataset("LIVE In the Wild", 1162, "Ghadiyaram and Bovik 2016", "MOS, 0 to 100", read_clive),
    "flive": Dataset("FLIVE", 39807, "Ying et al. 2020", "MOS, 0 to 100", read_flive),
    "spaq": Dataset("SPAQ", 11125, "Fang et al. 2020", "MOS, 0 to 100", read_spaq, short_side=512),
    "live": Dataset("LIVE", 779, "Sheikh et al. 2006", "−DMOS, −100 to 0", read_live, lower_is_better=True),
    "csiq": Dataset("CSIQ", 866, "Larson and Chandler 2010", "−DMOS, −1 to 0", read_csiq, lower_is_better=True),
    "tid2013": Dataset("TID2013", 3000, "Ponomarenko et al. 2015", "MOS, 0 to 9", read_tid2013),
    "kadid10k": Dataset("KADID-10k", 10125, "Lin et al. 2019", "MOS, 1 to 5", read_kadid10k),
    "pipal": Dataset("PIPAL", 23200, "Gu et al. 2020", "Elo rating", read_pipal),
    "agiqa1k": Dataset("AGIQA-1K", 1080, "Zhang et al. 2023", "normalised MOS", read_agiqa1k),
    "agiqa3k": Dataset("AGIQA-3K", 2982, "Li et al. 2023, MIT licence", "MOS, 0 to 5", read_agiqa3k),
}
