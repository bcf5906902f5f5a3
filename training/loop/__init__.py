"""The learning loop: a challenger from newer answers, held against the champion, behind a gate."""
