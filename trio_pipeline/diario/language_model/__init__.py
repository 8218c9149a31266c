"""Reading by a language model: what is asked, of whom, at what cost, and what is believed of the answers.

From bottom to top: `notaries` knows pages that are never sent, `questions` cuts a gazette into pieces to ask about,
`prompt` and `answers` know what is asked and check what is said, `provider` is what every model looks like and `gemini`
one of them, `quota` keeps the limits, `asking` brings these together.
"""
