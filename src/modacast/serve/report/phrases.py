"""Every fixed phrase of the report, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

from modacast.serve.report.words import Words

__all__ = [
    "ANSWERS",
    "FACET_NAMES",
    "FEATURE_NAMES",
    "LANGUAGE_NAMES",
    "METRIC_NAMES",
    "PHRASES",
    "REASON_NAMES",
    "STAGE_NAMES",
    "STEP_NAMES",
]

STAGE_NAMES: Mapping[str, Words] = {
    "emerging": Words("萌芽", "Emerging"),
    "rising": Words("上升", "Rising"),
    "peaking": Words("到顶", "Peaking"),
    "seasonal": Words("应季", "Seasonal"),
    "steady": Words("平稳", "Steady"),
    "declining": Words("退潮", "Declining"),
}

FACET_NAMES: Mapping[str, Words] = {
    "garment": Words("品类", "Garment"),
    "color": Words("颜色", "Colour"),
    "pattern": Words("图案", "Pattern"),
    "fabric": Words("面料", "Fabric"),
    "silhouette": Words("廓形", "Silhouette"),
    "length": Words("长度", "Length"),
    "neckline": Words("领型", "Neckline"),
    "sleeve": Words("袖型", "Sleeve"),
    "detail": Words("细节", "Detail"),
    "style": Words("风格", "Style"),
    "occasion": Words("场合", "Occasion"),
    "season": Words("季节", "Season"),
    "value": Words("主张", "Value"),
    "footwear": Words("鞋履", "Footwear"),
    "accessory": Words("配饰", "Accessory"),
    "brand": Words("品牌", "Brand"),
}

LANGUAGE_NAMES: Mapping[str, Words] = {
    "zh": Words("中文", "Chinese"),
    "en": Words("英文", "English"),
    "ja": Words("日文", "Japanese"),
    "ko": Words("韩文", "Korean"),
    "fr": Words("法文", "French"),
    "de": Words("德文", "German"),
    "es": Words("西班牙文", "Spanish"),
    "it": Words("意大利文", "Italian"),
    "pt": Words("葡萄牙文", "Portuguese"),
}

FEATURE_NAMES: Mapping[str, Words] = {
    "similar": Words("与买过的相近", "Close to past purchases"),
    "session": Words("与刚看的相近", "Close to what was just viewed"),
    "bought_together": Words("常一起买", "Bought together"),
    "again": Words("买过同款", "Bought before"),
    "popular": Words("热销", "Popularity"),
    "trend": Words("趋势在升", "A rising trend"),
    "trend_for_you": Words("偏爱且在升", "A rising trend they like"),
    "affinity": Words("偏爱的元素", "Elements they like"),
    "value": Words("在意的主张", "Values they hold"),
    "price": Words("合乎价位", "Within their price range"),
    "new": Words("新品", "Newness"),
}

METRIC_NAMES: Mapping[str, Words] = {
    "liking": Words("清单有多合意（最佳清单为 1）", "How well lists please (best possible = 1)"),
    "coverage": Words("目录覆盖率", "Share of the catalogue shown"),
}

ANSWERS: Mapping[str, Words] = {
    "impression": Words("看到", "saw"),
    "view": Words("点开", "viewed"),
    "cart": Words("加购", "added to cart"),
    "purchase": Words("买下", "bought"),
    "return": Words("退货", "returned"),
    "rating": Words("评分", "rated"),
    "review": Words("评价", "reviewed"),
    "like": Words("喜欢", "liked"),
    "dislike": Words("不喜欢", "disliked"),
}

STEP_NAMES: Mapping[str, Words] = {
    "world": Words("生成样本世界", "Make the sample world"),
    "collect": Words("采集", "Collect"),
    "clean": Words("清洗与脱敏", "Clean and scrub"),
    "reviews": Words("清洗评价", "Clean reviews"),
    "items": Words("读入商品", "Read the catalogue"),
    "events": Words("读入行为", "Read events"),
    "discover": Words("寻找新词", "Look for new words"),
    "tag": Words("识别元素与情绪", "Tag elements and mood"),
    "board": Words("预测与趋势榜", "Forecast and judge trends"),
    "alarms": Words("提醒", "Raise alarms"),
    "embed": Words("商品向量", "Embed items"),
    "profiles": Words("画像", "Build profiles"),
    "learn": Words("从反馈学习", "Learn from feedback"),
    "recommend": Words("推荐", "Recommend"),
    "pretrain": Words("语言模型预训练", "Pre-train the language model"),
    "finetune": Words("语言模型微调", "Fine-tune the language model"),
}

REASON_NAMES: Mapping[str, Words] = {
    "bad encoding": Words("编码错误", "bad encoding"),
    "damaged gzip": Words("压缩文件损坏", "damaged gzip"),
    "date before 1990": Words("日期早于 1990 年", "date before 1990"),
    "duplicate": Words("重复", "duplicate"),
    "duplicate id": Words("编号重复", "duplicate id"),
    "empty file": Words("空文件", "empty file"),
    "empty text": Words("空文字", "empty text"),
    "future date": Words("日期在未来", "future date"),
    "invalid JSON": Words("JSON 有误", "invalid JSON"),
    "line too long": Words("行过长", "line too long"),
    "near duplicate": Words("近似重复", "near duplicate"),
    "no consent": Words("未获同意", "no consent"),
    "not a text": Words("不是文字", "not a text"),
    "NUL byte": Words("含空字符", "NUL byte"),
    "rating without a value": Words("评分没有分值", "rating without a value"),
    "too long": Words("过长", "too long"),
    "truncated gzip": Words("压缩文件不完整", "truncated gzip"),
    "unknown kind": Words("未知的行为", "unknown kind"),
    "unknown product": Words("未知的商品", "unknown product"),
    "unpaired surrogate": Words("残缺的字符", "unpaired surrogate"),
    "wrong number of fields": Words("列数不符", "wrong number of fields"),
}
"""Why rows are set aside, as sources and stages say it; a reason that is not here is shown as it is."""

PHRASES: Mapping[str, Words] = {
    # masthead
    "switch": Words("English", "中文"),
    "switch_label": Words("切换到英文", "Switch to Chinese"),
    "skip": Words("跳到正文", "Skip to the content"),
    "kicker": Words("时尚趋势报告", "Fashion trend report"),
    "contents": Words("目录", "Contents"),
    "made": Words("制作于 {day}。", "Made on {day}."),
    "period": Words("{first} 至 {last}", "{first} to {last}"),
    "texts_read": Words("篇文字读过", "texts read"),
    "about_fashion": Words("篇谈及穿着", "about what people wear"),
    "sources": Words("个来源", "sources"),
    "languages": Words("种语言", "languages"),
    "elements_seen": Words("个元素在榜", "elements on the board"),
    "demo_note": Words(
        "这是演示：文字、商品与顾客都由程序按已知的真相生成，因此每个结论都能核对。",
        "This is a demonstration: texts, products and shoppers were made by a program from a known truth, "
        "so that every finding can be checked.",
    ),
    "from_nothing": Words("从无到有", "new"),
    "nothing_title": Words("还没有可说的趋势", "No trend to speak of yet"),
    "nothing_text": Words(
        "读到的文字太少，或时间太短，还不足以判断任何元素的走势。请加入更多来源，或更长的历史（至少约半年，两年以上最好），再运行一次。",
        "Too few texts, or too short a time, to judge where any element is going. Add sources or a longer history "
        "(about half a year at least, better two years and more), and run again.",
    ),
    "quiet_title": Words("这一期没有显著的升降", "Nothing moved significantly"),
    "quiet_text": Words(
        "每个元素都与去年同期和此前一年相比，这一期的变化都没有超出偶然。应季与平稳的元素见下面的榜。",
        "Every element was compared with the same season of last year and with the year before now, and no change is "
        "more than chance. What is in season and what is steady stands on the board below.",
    ),
    # board
    "board": Words("趋势榜", "The trend board"),
    "board_lead": Words(
        "每个元素处在生命周期的哪一段，走向哪里，有多确定。",
        "Where each element stands in its life, where it is going, and how sure that is.",
    ),
    "and_more": Words("另有 {n} 个", "and {n} more"),
    "none_here": Words("暂无", "none"),
    "discovered": Words("新发现", "newly found"),
    "all_facets": Words("全部类别", "All facets"),
    "all_stages": Words("全部阶段", "All stages"),
    "facet": Words("类别", "Facet"),
    "stage": Words("阶段", "Stage"),
    "search": Words("查找元素", "Find an element"),
    "element": Words("元素", "Element"),
    "course": Words("走势与预测", "Course and forecast"),
    "voice": Words("声量", "Share of voice"),
    "growth": Words("较去年同期", "Against last year"),
    "forecast": Words("预测", "Forecast"),
    "mean_ahead": Words("平均声量", "mean share of voice"),
    "since": Words("始于", "Since"),
    "at_peak": Words("最高", "peak"),
    "confidence": Words("把握", "Confidence"),
    "mood": Words("情绪", "Mood"),
    "where": Words("来源", "Sources"),
    "show_all": Words("显示全部 {n} 个元素", "Show all {n} elements"),
    "print_rest": Words("印刷版只列前 {n} 个。", "Print shows the first {n}."),
    "no_match": Words("没有符合条件的元素。", "No element matches."),
    "board_key": Words(
        "声量：最近 8 周提到该元素的文字占比，已按来源规模校正。走势图：近两年，虚线为预测，浅色为单周的 80 % 区间，渐隐处还在图外。"
        "预测：今后约半年的平均声量较去年同期（没有去年数据时较现在）的变化，其下为 80 % 区间；→ 后是声量本身。"
        "始于：开始上升的月份；到顶与退潮的元素为最高的月份。把握：阶段判断有多可靠。",
        "Share of voice: the share of texts of the last 8 weeks that name the element, corrected for the size of "
        "sources. Course: the last two years; dashes are the forecast, the pale band is the 80 % interval of single "
        "weeks, and goes on outside where it fades. Forecast: the mean of about half a year ahead against the same weeks "
        "of last year (against now where there are none), its 80 % interval below; after → stands the share itself. "
        "Since: the month in which the rise began; the highest month of what peaks or declines. Confidence: how sure the "
        "stage is.",
    ),
    "sort_by": Words("排序", "Sort"),
    # trend pages
    "pages": Words("重点趋势", "Trends in close-up"),
    "pages_lead": Words(
        "证据、预测与理由，一页一个趋势。", "Evidence, forecast and reasons, one trend at a time."
    ),
    "history_forecast": Words("历史与预测：每周声量", "History and forecast: weekly share of voice"),
    "season_overlay": Words("今年与往年，按周", "This year and earlier ones, by week"),
    "where_it_lives": Words("在哪里被谈论", "Where it is talked about"),
    "evidence": Words("证据", "Evidence"),
    "goes_with": Words("常与之搭配", "Goes with"),
    "goes_with_map": Words(
        "常与之搭配：越近越不寻常，越大越多", "Goes with: nearer is less by chance, larger is more texts"
    ),
    "mood_weekly": Words("情绪：每周，点越大文字越多", "Mood by week; larger dots are more texts"),
    "against": Words("此消彼长", "Moves against"),
    "against_note": Words(
        "同类中随其上升而下降的元素：去趋势后的偏相关显著；不等于因果。",
        "Elements of its kind that fall as it rises: significant partial correlation of detrended shares. Not a cause.",
    ),
    "worn_on": Words("用在什么上", "What it is worn on"),
    "worn_as": Words("以什么样子出现", "What it looks like"),
    "worn_note": Words(
        "由句子判断谁修饰谁；占说明了这一点的文字的比例，一篇可说多样。",
        "Read from the sentence: which word belongs to which. Shares of the texts that say so; one text may say several.",
    ),
    "alike": Words("过去像它的走势，后来如何", "Went like it before, and how that ended"),
    "carried_by": Words("货架上", "Products that carry it"),
    "why": Words("为何如此判断", "Why we say so"),
    "cards": Words("若在当时预测，后来如何", "What we would have said, and what came"),
    "backtest": Words("若早作预测", "Had we forecast before"),
    "no_evidence": Words("没有可引用的文字。", "No text to quote."),
    "original": Words("原文", "source"),
    "now": Words("现在", "now"),
    "band_80": Words("80 % 区间", "80 % interval"),
    "band_90": Words("90 % 区间", "90 % interval"),
    "smoothed": Words("5 周平均", "5-week mean"),
    "weekly": Words("单周", "single weeks"),
    "compared_weeks": Words("相比的两段 8 周", "the two 8-week means compared"),
    "no_forecast": Words("历史太短，没有预测。", "Too short a history for a forecast."),
    # alarms
    "alarms": Words("最近的提醒", "Alarms"),
    "alarms_lead": Words(
        "最近四周新冒头的元素：比自己的过去多，也比往年同期多，且不止一个话题在说。",
        "What began to rise in the last four weeks: beyond its own past, beyond its season, and told by more than one story.",
    ),
    # palette
    "palette": Words("本季色盘", "Palette of the season"),
    "palette_lead": Words(
        "越宽，谈论越多；箭头是走向。", "The wider, the more talked about; the arrow is where it is going."
    ),
    "palette_rising": Words("上场", "Coming in"),
    "palette_falling": Words("退场", "Going out"),
    # shoppers
    "shoppers": Words("给每位顾客", "For each shopper"),
    "shoppers_lead": Words(
        "买过什么，得到什么，为什么；反馈之后又有何不同。",
        "What they bought, what they are offered and why, and what their answers changed.",
    ),
    "shopper": Words("顾客 {label}", "Shopper {label}"),
    "likes": Words("偏爱", "Likes"),
    "price_band": Words("常买价位", "Usual price"),
    "cares_for": Words("在意", "Cares for"),
    "styles": Words("风格", "Styles"),
    "style_map": Words("风格地图", "Map of styles"),
    "style_map_lead": Words(
        "圆的大小是文字与商品里谈到多少；意思相近、常一起出现的靠得近，同色为一群。",
        "Size is how much texts and products hold of a style; what means alike or stands together lies near, and a "
        "colour is a group.",
    ),
    "bought": Words("买过", "Bought"),
    "list_before": Words("反馈前的推荐", "Recommended before feedback"),
    "list_now": Words("推荐", "Recommended"),
    "list_after": Words("反馈后的推荐", "Recommended after feedback"),
    "is_new": Words("新上", "new"),
    "moved_up": Words("上移 {n} 位", "up {n}"),
    "moved_down": Words("下移 {n} 位", "down {n}"),
    "stays": Words("不变", "same"),
    "left": Words("退出清单", "Left the list"),
    "no_history": Words(
        "还没有购买记录；推荐依据热度与趋势。", "No purchases yet; the list rests on popularity and trends."
    ),
    "drawn": Words("图为按商品元素绘制的示意。", "Drawings are made from each product's elements."),
    # feedback
    "feedback": Words("反馈改变了什么", "What feedback changed"),
    "answers_came": Words("条反馈", "answers came back"),
    "before": Words("之前", "Before"),
    "after": Words("之后", "After"),
    "gain": Words("差异", "Difference"),
    "beyond_chance": Words("，超出偶然。", ". More than chance."),
    "within_chance": Words("，可能出于偶然。", ". May be chance."),
    "weights": Words("排序更看重什么", "What the ranking now heeds"),
    "weights_note": Words(
        "各因素在排序中的权重，空心为之前，实心为之后。",
        "The weight of each factor in the ranking; hollow is before, solid is after.",
    ),
    "kept": Words(
        "新学到的排序在留出的数据上更好，已启用。",
        "The newly learned ranking did better on held-out data and is in use.",
    ),
    "not_kept": Words(
        "新学到的排序在留出的数据上没有更好，因此未启用。",
        "The newly learned ranking did no better on held-out data, so it was not taken over.",
    ),
    # scorecard
    "scorecard": Words("记分卡", "Scorecard"),
    "scorecard_lead": Words("这些数字说明前面的话有多可信。", "How far to trust what was said above."),
    "mase": Words("回测误差 MASE（中位数）", "Back-test error, MASE (median)"),
    "mase_note": Words("低于 1 即胜过「与去年同期一样」。", "Below 1 beats “the same as last year”."),
    "beats": Words("胜过去年同期法的元素", "Elements that beat “same as last year”"),
    "coverage": Words("80 % 区间实际覆盖", "What the 80 % interval covered"),
    "coverage_note": Words("越接近 80 % 越诚实。", "The nearer to 80 %, the more honest."),
    "mase_spread": Words("各元素的 MASE", "MASE of each element"),
    "truth": Words("与真相核对", "Held against the truth"),
    "truth_lead": Words(
        "样本世界里埋下的走势，榜上看出了多少。",
        "Of the courses planted in the sample world, how many the board saw.",
    ),
    "planted": Words("埋下", "Planted"),
    "on_board": Words("榜上", "On the board"),
    "not_on_board": Words("不在榜", "not there"),
    "hit": Words("看出", "seen"),
    "miss": Words("错过", "missed"),
    "false_alarms": Words("误报：", "False alarms: "),
    "no_false_alarms": Words("没有误报。", "No false alarm."),
    "no_scores": Words("历史还不够长，无法回测。", "The history is too short for a back-test."),
    # the language model
    "model_learned": Words("语言模型", "Language model"),
    "model_lead": Words(
        "在这些文字上训练出的版本：学了什么，学前学后各有多准。“之前”是训练开始时的模型；“没见过的商品、名称”"
        "两行则是目前使用的模型。只有通过检验的版本才能启用。",
        "Versions trained on these texts: what they learned, and how good they were before and after. “Before” is the "
        "model that a training began from; for unseen products and names, the model in use. Only what passes the gate "
        "can be put to use.",
    ),
    "model_measured": Words("测量", "Measured"),
    "model_before": Words("之前", "Before"),
    "model_after": Words("之后", "After"),
    "model_against": Words("未通过的原因：", "What spoke against it: "),
    # making
    "making": Words("怎样做成", "How this was made"),
    "steps": Words("每一步", "Step by step"),
    "rows_in": Words("进", "In"),
    "rows_out": Words("出", "Out"),
    "rows_rejected": Words("搁置", "Set aside"),
    "rows_unrelated": Words("与穿着无关", "Not about fashion"),
    "rows_known": Words("先前已做", "Already done"),
    "seconds": Words("秒", "Seconds"),
    "input": Words("来源", "Input"),
    "set_aside": Words("搁置的行及原因", "Rows set aside, and why"),
    "nothing_set_aside": Words("没有搁置任何一行。", "No row was set aside."),
    "privacy": Words("隐私", "Privacy"),
    "privacy_text": Words(
        "写入任何文件之前，文字已去除电话、邮箱、地址、账号等个人信息，作者与顾客的编号已换成带密钥的假名。两者都不在本报告中；顾客以字母相称。未同意者不进入画像。",
        "Before anything was written, phone numbers, addresses, accounts and the like were scrubbed from the texts, "
        "and ids of authors and shoppers were replaced by keyed pseudonyms. This report holds neither; shoppers are "
        "called by letters. Who did not consent is not profiled.",
    ),
    "methods": Words("方法", "Methods"),
    "method_voice": Words(
        "声量是每周谈到某元素的文字占比，按来源与语言分格计算再以固定权重合并，新增来源不会造成假上升。",
        "Share of voice is the share of a week's texts that name an element, computed for each source and language "
        "and joined with fixed weights, so that a new source makes no false rise.",
    ),
    "method_stage": Words(
        "阶段由计数的显著性检验（允许成簇）加错误发现率控制得出；有季节规律的元素与去年同周相比。",
        "Stages rest on tests of weekly counts that allow for bursts, with the false discovery rate held; elements "
        "with a yearly rhythm are held against the same weeks a year before.",
    ),
    "method_forecast": Words(
        "预测是若干模型的组合，区间由滚动回测的误差得来。",
        "Forecasts combine several models; intervals come from the errors of rolling back-tests.",
    ),
    "method_lists": Words(
        "推荐由检索、排序与多样化三步得出，理由取自排序中实际起作用的因素。",
        "Recommendations are retrieved, ranked and diversified; reasons are the factors that did count in the ranking.",
    ),
    "limits": Words("局限", "Limits"),
    "limit_talk": Words(
        "被谈论不等于被购买，声量只说明人们写了什么。",
        "Talk is not trade: share of voice says what people write, not what they buy.",
    ),
    "limit_sources": Words(
        "来源决定视野：未被读取的平台、地区与人群不在其中。",
        "Sources set the view: platforms, places and people that were not read are not in it.",
    ),
    "limit_shocks": Words(
        "突发事件无法预见，区间只涵盖过去那样的波动。",
        "Shocks cannot be foreseen; intervals cover swings like those of the past.",
    ),
    "limit_multiple": Words(
        "榜单同时判断许多元素，把握低的条目应视作线索而非结论。",
        "The board judges many elements at once; take what is of low confidence as a lead, not a finding.",
    ),
    "colophon": Words(
        "由 modacast 制作。单一文件，无外部资源。",
        "Made with modacast. One file, nothing loaded from elsewhere.",
    ),
}
