"""A rehearsal: a pack's school year, played by invented people on a private Temporal whose time is skipped.

scenario.py   what the year is like: how many there are, what they do, what goes wrong; the default is beside it
cast.py       who is in it: the pack's invented people and more of them, when they are away, when they leave
private.py    the house that it is played in: a folder in memory, a database, a Temporal, a mail server that keeps
              all that it is given; and the one clock
watching.py   what every case says, as it says it; and that each case is brought to the time of the clock first
doing.py      what somebody does about what they are asked, and when
agenda.py     what is going to be done, and when
troupe.py     the people of one pack: what they begin, and what they do about what they are asked
driving.py    the year: from what comes next to what comes next, for all packs at once
found.py      what came of it
pages.py      the report, as a folder of pages
"""
