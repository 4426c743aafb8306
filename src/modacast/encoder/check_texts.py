"""The texts of the small checks, written for modacast: none of them comes from a data set."""

from __future__ import annotations

__all__ = ["DESCRIBED", "GENERAL_TEXTS", "OPINIONS", "TRANSLATED", "TRIPLES"]

# a text, one that means nearly the same, one that only looks like it
TRIPLES: tuple[tuple[str, str, str], ...] = (
    ("今天天气很好，适合出门散步", "天气晴朗，可以出去走走", "今天出门忘了带钥匙"),
    ("这部电影很感人", "看这部片子我哭了", "这部电影的票很贵"),
    ("怎么做红烧肉", "红烧肉的做法", "红烧肉多少钱一份"),
    ("手机没电了，需要充电", "电池耗尽，得接上电源", "手机丢了，需要报警"),
    ("他每天早上跑步五公里", "他坚持晨跑锻炼", "他每天早上睡到十点"),
    ("孩子发烧了怎么办", "小朋友体温过高如何处理", "孩子上学迟到了怎么办"),
    ("房价今年下跌了", "楼市价格比去年低", "房租今年要交两次"),
    ("这家餐厅服务态度很差", "店员对客人爱理不理", "这家餐厅的味道很好"),
    ("高铁票改签", "怎么更换火车的班次", "高铁上有餐车吗"),
    ("公司明年要裁员", "企业计划减少员工人数", "公司明年要搬家"),
    ("裙子面料轻薄透气，夏天穿很凉快", "夏季连衣裙，清凉不闷热", "冬季加厚羽绒服，保暖防风"),
    ("尺码偏小，建议买大一号", "这件衣服要拍大一码才合身", "颜色和图片一样，没有色差"),
    ("洗了一次就掉色", "水洗后褪色严重", "洗了很多次也不掉色"),
    ("显瘦的黑色阔腿裤", "黑色宽松长裤，遮肉", "白色紧身短裤"),
    ("职场通勤西装外套", "上班穿的小西服", "海边度假的吊带裙"),
    ("新中式盘扣上衣", "国风立领对襟衫", "美式复古棒球服"),
    ("How do I reset my password?", "I forgot my login and need a new one", "How do I delete my photos?"),
    ("The train was two hours late", "Our rail service was badly delayed", "The train has two dining cars"),
    ("She plays the violin beautifully", "She is a gifted violinist", "She sold her old violin"),
    ("cheap flights to Tokyo", "low-cost airline tickets to Japan", "cheap hotels in Paris"),
    ("The soup is too salty", "They put too much salt in the broth", "The soup is served cold"),
    ("a waterproof jacket for hiking", "rain shell for the outdoors", "a silk blouse for the office"),
    ("runs small, order a size up", "too tight, buy a larger size", "true to the colour in the picture"),
    ("high-waisted wide-leg jeans", "loose denim trousers with a high rise", "low-rise skinny leggings"),
    ("今日は雨が降りそうだ", "午後から天気が崩れる見込み", "今日は友達と映画を見た"),
    ("夏用の涼しいワンピース", "暑い季節に着るドレス", "冬用の厚いコート"),
    ("배송이 너무 늦어요", "택배가 아직 도착하지 않았어요", "옷 색깔이 예뻐요"),
    ("une robe légère pour l'été", "tenue estivale fluide et fraîche", "un manteau chaud pour l'hiver"),
    ("ein warmer Mantel für den Winter", "dicke Jacke gegen die Kälte", "ein leichtes Kleid für den Sommer"),
    ("zapatos cómodos para caminar", "calzado blando para largas caminatas", "zapatos de tacón para fiestas"),
    ("新中式马面裙", "a pleated skirt in modern Chinese style", "a cropped denim jacket"),
    ("红色连衣裙", "a red dress", "a blue shirt"),
    ("a down jacket", "羽绒服", "牛仔裤"),
    ("linen trousers", "亚麻长裤", "真丝衬衫"),
)  # fmt: skip

# names of the same element in Chinese and English
TRANSLATED: tuple[tuple[str, str], ...] = (
    ("羽绒服", "down jacket"),
    ("牛仔裤", "jeans"),
    ("连衣裙", "dress"),
    ("风衣", "trench coat"),
    ("针织衫", "knitted sweater"),
    ("衬衫", "shirt"),
    ("高跟鞋", "high heels"),
    ("运动鞋", "sneakers"),
    ("帽子", "hat"),
    ("围巾", "scarf"),
    ("手提包", "handbag"),
    ("泳衣", "swimsuit"),
    ("睡衣", "pyjamas"),
    ("西装", "business suit"),
    ("真丝", "silk"),
    ("羊毛", "wool"),
    ("皮革", "leather"),
    ("条纹", "stripes"),
    ("碎花", "floral print"),
    ("粉色", "pink"),
)  # fmt: skip

# a description and the element that it is of, each to be found among all
DESCRIBED: tuple[tuple[str, str], ...] = (
    ("冬天穿的充绒保暖外套", "羽绒服"),
    ("丹宁布做的长裤", "牛仔裤"),
    ("上下身连在一起的裙装", "连衣裙"),
    ("双排扣、系腰带的春秋长外套", "风衣"),
    ("用毛线织成的上衣", "针织衫"),
    ("前面一排扣子、有领子的薄上衣", "衬衫"),
    ("后跟很高的女鞋", "高跟鞋"),
    ("跑步健身时穿的鞋", "运动鞋"),
    ("戴在头上遮阳的", "帽子"),
    ("冬天围在脖子上的", "围巾"),
    ("拎在手里的女包", "手提包"),
    ("游泳和海滩上穿的", "泳衣"),
    ("晚上在家休息时穿的", "睡衣"),
    ("开会面试时穿的正装", "西装"),
    ("蚕吐的丝织成的光滑面料", "真丝"),
    ("从绵羊身上剪下的毛", "羊毛"),
)  # fmt: skip

# what people say who are pleased, and who are not
OPINIONS: tuple[tuple[str, bool], ...] = (
    ("面料柔软，穿着很舒服", True),
    ("版型很正，朋友都夸好看", True),
    ("做工精细，没有线头，值得买", True),
    ("颜色很正，比图片还漂亮", True),
    ("客服态度好，发货快，满意", True),
    ("第二次回购了，质量一如既往地好", True),
    ("很显瘦，非常喜欢", True),
    ("物超所值，推荐给大家", True),
    ("soft fabric, so comfortable to wear", True),
    ("perfect fit and lovely colour", True),
    ("well made, I would buy it again", True),
    ("really happy with this dress", True),
    ("面料扎皮肤，穿着难受", False),
    ("版型很奇怪，穿上像大妈", False),
    ("做工粗糙，到处是线头，别买", False),
    ("颜色暗沉，和图片差太多", False),
    ("客服爱理不理，发货慢，失望", False),
    ("洗一次就起球，质量越来越差", False),
    ("显胖，很后悔买了", False),
    ("不值这个价，劝大家避开", False),
    ("scratchy fabric, awful to wear", False),
    ("bad fit and an ugly colour", False),
    ("fell apart after a week, never again", False),
    ("really disappointed with this dress", False),
)  # fmt: skip

GENERAL_TEXTS: tuple[str, ...] = tuple(
    dict.fromkeys(
        [text for row in (*TRIPLES, *TRANSLATED, *DESCRIBED) for text in row] + [text for text, _ in OPINIONS]
    )
)
"""Texts of many kinds and languages: a fine-tuned model is held to what it said of them before."""
