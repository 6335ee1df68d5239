"""Find a face and measure it.

detector.py, finder.py    the faces of a picture; the one to animate, or why there is none
mesh.py, tracker.py       the mesh of a face in a picture; one face through a video
networks.py, matte.py     MediaPipe's networks; which pixels belong to the person
topology.py, pose.py      which point of the mesh is what; where the head is
basis.py, encode.py       the linear basis of faces; a track as motion
measure.py, lids.py       gaze, gaps of lids and lips; lids that shut
actions.py, blendshapes.py    ARKit's 52 actions: as movements of the mesh, and as weights
"""
