"""The init stacks: from an environment to the templates `access`, `sync` and `pipelines`, pure.

Each of the three modules has one function, `template`; the others hold what it is made of, by topic.
Nothing here reads a file, a clock or the network: the same environment always makes the same text.
"""
