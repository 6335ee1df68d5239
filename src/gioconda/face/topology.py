"""Which point of the dense face mesh is what.

The mesh is MediaPipe's: 468 points on the face and 5 for each iris, 478 in all.
Right and left are the person's own, so the right eye is at the image's left.
Contours run around the eye or the lips, corner first.
"""

from typing import Final

import numpy as np

POINTS: Final = 478
FACE_POINTS: Final = 468

# The 71 points that the eye network refines. The first 16 are the rim of the lids:
# nine along the lower lid from corner to corner, then seven along the upper lid.
RIGHT_EYE: Final = np.array(
    [33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173]
    + [130, 25, 110, 24, 23, 22, 26, 112, 243, 247, 30, 29, 27, 28, 56, 190]
    + [226, 31, 228, 229, 230, 231, 232, 233, 244, 113, 225, 224, 223, 222, 221, 189]
    + [35, 124, 46, 53, 52, 65, 143, 111, 117, 118, 119, 120, 121, 128, 245]
    + [156, 70, 63, 105, 66, 107, 55, 193]
)
LEFT_EYE: Final = np.array(
    [263, 249, 390, 373, 374, 380, 381, 382, 362, 466, 388, 387, 386, 385, 384, 398]
    + [359, 255, 339, 254, 253, 252, 256, 341, 463, 467, 260, 259, 257, 258, 286, 414]
    + [446, 261, 448, 449, 450, 451, 452, 453, 464, 342, 445, 444, 443, 442, 441, 413]
    + [265, 353, 276, 283, 282, 295, 372, 340, 346, 347, 348, 349, 350, 357, 465]
    + [383, 300, 293, 334, 296, 336, 285, 417]
)
# The 80 points that the lip network refines: four rings of 20.
LIPS: Final = np.array(
    [61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 185, 40, 39, 37, 0, 267, 269, 270, 409]
    + [78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 191, 80, 81, 82, 13, 312, 311, 310, 415]
    + [76, 77, 90, 180, 85, 16, 315, 404, 320, 307, 306, 184, 74, 73, 72, 11, 302, 303, 304, 408]
    + [62, 96, 89, 179, 86, 15, 316, 403, 319, 325, 292, 183, 42, 41, 38, 12, 268, 271, 272, 407]
)
RIGHT_IRIS: Final = np.arange(468, 473)  # centre, then four on the rim
LEFT_IRIS: Final = np.arange(473, 478)

# Rims as closed contours: lower edge from one corner to the other, then the upper edge back.
RIGHT_LID_LOWER: Final = RIGHT_EYE[:9]
RIGHT_LID_UPPER: Final = np.array([33, 246, 161, 160, 159, 158, 157, 173, 133])
LEFT_LID_LOWER: Final = LEFT_EYE[:9]
LEFT_LID_UPPER: Final = np.array([263, 466, 388, 387, 386, 385, 384, 398, 362])
LIP_INNER_LOWER: Final = np.array([78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308])
LIP_INNER_UPPER: Final = np.array([78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308])
LIP_OUTER_LOWER: Final = np.array([61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291])
LIP_OUTER_UPPER: Final = np.array([61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291])

# Right, then left, ten points each: the upper edge from the tail inwards, then the lower one back.
BROWS: Final = np.array(
    [70, 63, 105, 66, 107, 55, 65, 52, 53, 46, 300, 293, 334, 296, 336, 285, 295, 282, 283, 276]
)
JAW: Final = np.array(
    [172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 199, 175, 200, 18, 83, 313]
)
FACE_OVAL: Final = np.array(
    [10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377]
    + [152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109]
)
# Points that move little when a face talks and blinks: what the head pose is read from.
RIGID: Final = np.array(
    [10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 109, 67, 103, 54, 21, 162, 127, 234, 93]
    + [151, 9, 8, 168, 6, 197, 195, 5, 4, 1, 33, 133, 263, 362, 108, 337, 69, 299, 104, 333]
    + [68, 298, 71, 301, 139, 368, 34, 264, 227, 447, 116, 345, 143, 372, 122, 351, 196, 419]
    + [188, 412, 174, 399, 193, 417, 114, 343, 217, 437, 48, 278, 129, 358, 2, 94]
)

# --- single points ---

RIGHT_EYE_OUTER: Final = 33  # corners of the eyes
RIGHT_EYE_INNER: Final = 133
LEFT_EYE_INNER: Final = 362
LEFT_EYE_OUTER: Final = 263
RIGHT_MOUTH_CORNER: Final = 61
LEFT_MOUTH_CORNER: Final = 291
UPPER_LIP_TOP: Final = 0  # middles of the lips: the outer rim, then the inner
UPPER_LIP_RIM: Final = 13
LOWER_LIP_RIM: Final = 14
LOWER_LIP_BOTTOM: Final = 17
NOSE_FOOT: Final = 2
FOREHEAD: Final = 10
CHIN: Final = 152

# --- groups ---

EYE_CORNERS: Final = (RIGHT_EYE_OUTER, RIGHT_EYE_INNER, LEFT_EYE_OUTER, LEFT_EYE_INNER)
LIDS: Final = np.concatenate([RIGHT_EYE[:16], LEFT_EYE[:16]])
# The upper lids' edges without the corners, and the points of the crease above them.
UPPER_LIDS: Final = np.concatenate([RIGHT_EYE[9:16], LEFT_EYE[9:16]])
LID_CREASES: Final = np.concatenate([RIGHT_EYE[25:32], LEFT_EYE[25:32]])
IRISES: Final = np.concatenate([RIGHT_IRIS, LEFT_IRIS])
BARE_SKIN: Final = np.array([50, 280, 205, 425, 199, 18])  # cheeks, and under the lower lip
# Skin that slides little over the bone: under the nose, and on the chin.
UNDER_NOSE: Final = (NOSE_FOOT, 98, 327)
ON_CHIN: Final = (199, 175, CHIN, 148, 377)
# Of the right and of the left half of the face.
BROW_HEADS: Final = ([55, 107], [285, 336])  # the inner ends
BROW_TAILS: Final = ([46, 63, 70], [276, 293, 300])
NOSTRILS: Final = ([48, 64], [278, 294])
UPPER_LIP_HALVES: Final = ([UPPER_LIP_TOP, 37], [UPPER_LIP_TOP, 267])
