"""Videos of people who talk become clean clips. In the order of the work:

sources.py        which videos, and what is known of them
shots.py          a video is cut into shots
stretches.py      in a shot, stretches that show one face without a break
crops.py          a steady square about it
cutting.py        the clip: its track, its sound, and measures by blinks.py and emotion.py
pieces.py         what came of one video, kept until all are done; workers.py spreads the work
quality.py        which clips are good enough
duplicates.py     which show the same recording
sync.py           sound and picture in step
licences.py       which may be released
prepare.py        start here: all of it, into a set; card.py makes its data card
"""
