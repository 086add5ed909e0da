"""The one exception that means "the input is wrong", whatever the input was."""


class InputError(ValueError):
    """A person's input cannot be used.

    The message is one sentence that names the value and what was expected. The command line prints
    it and exits with code 2; the app shows it in the page.
    """
