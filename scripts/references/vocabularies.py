"""Trains tiny tokenizers with Hugging Face's libraries and saves what they make of difficult texts.

    python scripts/references/vocabularies.py

writes Tests/TokenizersTests/References: `<name>/tokenizer.json`, `<name>/expected.json` (a list of ids for each text of
`texts.json`), and `chat.json` (Jinja templates and what transformers renders with them). Needs tokenizers, sentencepiece
and transformers; the tests need only the files.
"""

import json
import pathlib
import random

import sys

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

root = pathlib.Path(__file__).resolve().parents[2] / "Tests/TokenizersTests/References"

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = LLAMA3.replace("{1,3}", "")

corpus = [
    "The quick brown fox jumps over the lazy dog. It's 1234567 o'clock, isn't it? We'll see; I'D say they'VE gone.",
    "In the beginning there was a tokenizer, and the tokenizer was without form, and spaces    moved over the deep.",
    "Größe, naïve, café, Ελληνικά, русский язык, العربية, עברית, हिन्दी, ไทย, 東京都 日本語 中文字符 한국어 🤖👩‍👩‍👧 e\u0301",
    "def f(x):\n    return x ** 2\n\n\tif a != b:\r\n        print('a', b)  # 100%\n",
] * 5

rng = random.Random(7)
parts = [
    " ", "  ", "   ", "\n", "\n\n", "\r\n", "\t", "\u00a0", "\u0085", "\u180e", "\u3000", "\u200b", "\u2028", "a", "the", "The", " the",
    "'s", "'S", "'LL", "'ll", "'ſ", "’s", "I'm", "1", "12", "123", "1234", "١٢٣", "½", "Ⅷ", "²", "é", "e\u0301", "ñ", "Å",
    "\u212b", "ﬁ", "東京", "한국", "\u1112\u1161\u11ab", "🤖", "👩‍👩‍👧", "🇩🇪", "العربية", "हिन्दी", "ไทย", "\u0000", "\u0001",
    "\u007f", "\ufffd", "\ufeff", "▁", "▁▁", "_", "-", "...", "!?", "<", ">", "<s>", "</s>", "<unk>", "<0x41>", "<|im_start|>",
    "<|im_end|>", "<|endoftext|>", "<extra>", "<lr>", "<word>", "Ġ", "Ċ", "ß", "ẞ", "İ", "Σ", "ς", "x\u0323\u0307", "d\u0307\u0323", "q",
    "zebra", "print", "(", ")", "𝒳", "\U0001f1e9", "\u0f77", "\ud7a3", "\U000e0041",
]
texts = ["", " ", "  ", "Hello world", " Hello", "Hello  world  ", "\n", "it's IT'S they'VE 'Twas", "a" * 60, " " * 70, "aaa  " * 30]
texts += parts
while len(texts) < 300:
    texts.append("".join(rng.choice(parts) for _ in range(rng.randint(2, 9))))


def specials(tokenizer, names):
    tokenizer.add_special_tokens(names)
    tokenizer.add_tokens([
        AddedToken("<extra>", normalized=True),
        AddedToken("<lr>", lstrip=True, rstrip=True, normalized=False),
        AddedToken("<word>", single_word=True, normalized=False),
    ])


def save(name, tokenizer):
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    ids = [tokenizer.encode(text).ids for text in texts]
    bare = [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
    decoded = [tokenizer.decode(i, skip_special_tokens=False) for i in bare]
    (folder / "expected.json").write_text(json.dumps({"ids": ids, "decoded": decoded}, separators=(",", ":")))


def byte_level(name, normalizer, pre, template=None, ignore_merges=False, size=600):
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    tokenizer.train_from_iterator(corpus, trainer)
    specials(tokenizer, ["<s>"])
    tokenizer.post_processor = template or processors.ByteLevel(trim_offsets=False)
    save(name, tokenizer)


split = lambda pattern: pre_tokenizers.Sequence([
    pre_tokenizers.Split(Regex(pattern), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
byte_level("gpt2", None, pre_tokenizers.ByteLevel(add_prefix_space=False))
byte_level("gpt2-prefix", normalizers.NFKC(), pre_tokenizers.ByteLevel(add_prefix_space=True))
byte_level("qwen2", normalizers.NFC(), split(QWEN2))
byte_level("smollm2", None, pre_tokenizers.Sequence([
    pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]))
byte_level("llama3", None, split(LLAMA3), ignore_merges=True, template=processors.Sequence([
    processors.ByteLevel(trim_offsets=False),
    processors.TemplateProcessing(single="<|im_start|> $A", pair=None, special_tokens=[("<|im_start|>", 1)])]))

for behavior in ["removed", "merged_with_previous", "merged_with_next", "contiguous"]:
    byte_level(f"split-{behavior}", normalizers.Sequence([normalizers.Lowercase(), normalizers.Replace(Regex("[!?]+"), ".")]),
               pre_tokenizers.Sequence([
                   pre_tokenizers.Split(Regex(r"[\s\d]"), behavior),
                   pre_tokenizers.Split("e", behavior, invert=behavior == "contiguous"),
                   pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]), size=300)

# The form in which Llama 2's SentencePiece vocabulary is written as merges.
bytes_ = [f"<0x{b:02X}>" for b in range(256)]
for name, legacy in [("llama2", True), ("metaspace", False)]:
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    if legacy:
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    tokenizer.decoder = decoders.Sequence([
        decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    tokenizer.train_from_iterator([line for text in corpus for line in text.split("\n")], trainers.BpeTrainer(
        vocab_size=700, special_tokens=["<unk>", "<s>", "</s>"] + bytes_, limit_alphabet=60, show_progress=False))
    state = json.loads(tokenizer.to_str())
    # The trainer lists the bytes among the special tokens; in Llama 2's file they are only in the vocabulary.
    state["added_tokens"] = [t for t in state["added_tokens"] if t["id"] < 3]
    tokenizer = Tokenizer.from_str(json.dumps(state))
    specials(tokenizer, [])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair=None, special_tokens=[("<s>", tokenizer.token_to_id("<s>"))])
    save(name, tokenizer)

for name, fallback in [("unigram", False), ("unigram-bytes", True)]:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.train_from_iterator(corpus, trainers.UnigramTrainer(
        vocab_size=250, special_tokens=["<unk>", "</s>"], unk_token="<unk>", show_progress=False))
    if fallback:
        state = json.loads(tokenizer.to_str())
        state["model"]["vocab"] += [[b, -20.0] for b in bytes_]
        state["model"]["byte_fallback"] = True
        state["decoder"] = {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, state["decoder"]]}
        tokenizer = Tokenizer.from_str(json.dumps(state))
    specials(tokenizer, [])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair=None, special_tokens=[("</s>", tokenizer.token_to_id("</s>"))])
    save(name, tokenizer)

(root / "texts.json").write_text(json.dumps(texts, separators=(",", ":"), ensure_ascii=True))

# Conversations.
im = "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}"
prompt = "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
default = "{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nX<|im_end|>\n' }}{% endif %}"
loop = "{% for message in messages %}"
zephyr = loop + """
{% if message['role'] == 'user' %}
{{ '<|user|>\n' + message['content'] + eos_token }}
{% elif message['role'] == 'system' %}
{{ '<|system|>\n' + message['content'] + eos_token }}
{% elif message['role'] == 'assistant' %}
{{ '<|assistant|>\n'  + message['content'] + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}"""
llama2 = (
    "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}"
    "{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}{% for message in loop_messages %}"
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate "
    "user/assistant/user/assistant/...') }}{% endif %}{% if loop.index0 == 0 and system_message != false %}{% set content = "
    "'<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}{% else %}{% set content = message['content'] %}"
    "{% endif %}{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ ' '  + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}")
llama3 = (
    "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|start_header_id|>' + message['role'] + "
    "'<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}"
    "{% endif %}{{ content }}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}")
olmo = """{{ eos_token }}{% for message in messages %}
{% if message['role'] == 'user' %}
{{ '<|user|>\n' + message['content'] }}
{% elif message['role'] == 'assistant' %}
{{ '<|assistant|>\n'  + message['content'] + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}"""
olmo2 = (
    "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'system' %}{{ '<|system|>\n' + message['content'] + '\n' }}"
    "{% elif message['role'] == 'user' %}{{ '<|user|>\n' + message['content'] + '\n' }}{% elif message['role'] == 'assistant' %}"
    "{% if not loop.last %}{{ '<|assistant|>\n'  + message['content'] + eos_token + '\n' }}{% else %}{{ '<|assistant|>\n'  + "
    "message['content'] + eos_token }}{% endif %}{% endif %}{% if loop.last and add_generation_prompt %}{{ '<|assistant|>\n' }}"
    "{% endif %}{% endfor %}")
templates = {
    "chatml": loop + im + prompt,
    "smollm2": loop + default.replace("X", "You are a helpful AI assistant named SmolLM, trained by Hugging Face") + im + prompt,
    "qwen2": loop + default.replace("X", "You are a helpful assistant.") + im + prompt,
    "llama2": llama2, "llama3": llama3, "zephyr": zephyr, "olmo": olmo, "olmo2": olmo2,
}
u, a, s = [lambda text, role=role: {"role": role, "content": text} for role in ["user", "assistant", "system"]]
conversations = [
    [u("Hi")], [s("Be brief."), u("Hi")], [u(" Hi \n"), a("Hello."), u("2 + 2?")],
    [s(" S "), u("a"), a(" b "), u("c"), a("d")],
]
tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.BPE()), bos_token="<s>", eos_token="</s>")
chat = []
for name, template in templates.items():
    rendered = [[tokenizer.apply_chat_template(c, chat_template=template, tokenize=False, add_generation_prompt=p)
                 for p in [False, True]] for c in conversations]
    chat.append({"name": name, "template": template, "rendered": rendered})
(root / "chat.json").write_text(json.dumps({"conversations": conversations, "templates": chat}, indent=1))
