"""The one kind of error that a user of Gioconda is meant to read."""


class GiocondaError(Exception):
    """Bad input or an impossible request.

    The message is one line: what was found, what was expected, what to do.
    The command line prints it without a traceback and exits with status 2.
    """
