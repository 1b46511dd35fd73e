"""Language models as judges of queries and documents: grades from 0 to 3, and yes or no to criteria."""

from inpars.models.judges.judge import Judge, open_judge
from inpars.models.judges.options import Asks, JudgingOptions
from inpars.models.judges.reading import GRADES, Unreadable

__all__ = ["GRADES", "Asks", "Judge", "JudgingOptions", "Unreadable", "open_judge"]
