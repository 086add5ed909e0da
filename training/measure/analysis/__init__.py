"""The parts of a dataset's analysis; each measures one batch at a time and reports the whole.

A part's ``measure`` returns two mappings: arrays with one row a clip, which are joined in the split's
order, and counts, which are added up.
"""
