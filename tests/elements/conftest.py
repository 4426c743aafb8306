from __future__ import annotations

from pathlib import Path

import pytest

from modacast.elements import Lexicon, Tagger
from modacast.elements.cues import Cue

HEADER = "id,parent,zh,en,ja,ko,fr,de,es,it,pt,attributes\n"

ROWS = (
    HEADER
    + """\
garment/dress,,裙子|连衣裙|裙?,dress,ワンピース,원피스,robe,kleid,vestido,vestito,vestido,family=dress
garment/shirt-dress,garment/dress,衬衫裙,shirt dress,シャツワンピース,셔츠원피스,robe chemise,hemdblusenkleid,vestido camisero,abito chemisier,vestido camisa,family=dress
garment/shirt,,衬衫,shirt,シャツ,셔츠,chemise,hemd,camisa,camicia,camisa social,family=top
garment/t-shirt,,T恤|白T,t-shirt,Tシャツ,티셔츠,tee-shirt,t-shirt,camiseta,maglietta,camiseta básica,family=top
garment/top,,上衣,top?,トップス,상의,haut?,oberteil,top?,top?,top?,family=top
garment/jeans,,牛仔裤,jeans,ジーンズ,청바지,jean,jeans,vaqueros,jeans,jeans,family=trousers
garment/down-jacket,,羽绒服,down jacket|puffer,ダウン,패딩,doudoune,daunenjacke,plumífero,piumino,jaqueta puffer,family=outerwear;season=winter
garment/sweater,,毛衣,sweater,セーター,스웨터,pull,pullover,jersey?,maglione,suéter,family=knit
fabric/denim,,牛仔|丹宁,denim,デニム,데님,denim,denim,denim,denim,denim,
fabric/leather,,皮革|真皮,leather,レザー,가죽,cuir,leder,cuero,pelle,couro,
fabric/cotton,,纯棉|棉?,cotton,コットン,면?,coton,baumwolle,algodón,cotone,algodão,
neckline/v-neck,,V领|v字领,v-neck|v neckline,Vネック,브이넥,col v,v-ausschnitt,cuello de pico,scollo a v,decote v,
neckline/shirt-collar,,衬衫领,shirt collar,シャツ襟,셔츠칼라,col chemise,hemdkragen,cuello camisero,colletto,gola camisa,
pattern/floral,,碎花|花卉,floral,花柄,꽃무늬,fleuri|fleurie,blumenmuster,floral,floreale,floral,
color/white,,白色?|白?,white?,白?,흰색?,blanc?|blanche?,weiß?,blanco?|blanca?,bianco?,branco?,hex=#ffffff
color/red,,红色?|红?,red?,赤?,빨간?,rouge?,rot?,rojo?|roja?,rosso?,vermelho?,hex=#d0202e
sleeve/sleeveless,,无袖,sleeveless,ノースリーブ,민소매,sans manches,ärmellos,sin mangas,senza maniche,sem mangas,
detail/lace,,蕾丝,lace?,レース?,레이스,dentelle,spitze?,encaje,pizzo,renda,
footwear/boots,,靴子,boots|boot,ブーツ,부츠,bottes,stiefel,botas,stivali,botas,
style/new-chinese,,新中式,new chinese style,新中式,신중식,,,,,,
brand/gap,,盖璞,Gap!?,ギャップ?,갭?,Gap!?,Gap!?,Gap!?,Gap!?,Gap!?,tier=mass
season/summer,,夏天?,summer?,夏?,여름?,été?,sommer?,verano?,estate?,verão?,season=summer
"""
)

CUES = (
    Cue("zh", "穿搭", 0.95), Cue("zh", "红毯", 0.6), Cue("zh", "裙带关系", -0.9), Cue("zh", "裙子关系", -0.9), Cue("zh", "红包", -0.3),
    Cue("en", "outfit", 0.9), Cue("en", "recipe", -0.8),
)  # fmt: skip


@pytest.fixture
def lexicon_file(tmp_path: Path) -> Path:
    path = tmp_path / "small.csv"
    path.write_text(ROWS, encoding="utf-8")
    return path


@pytest.fixture
def lexicon(lexicon_file: Path) -> Lexicon:
    return Lexicon.load(lexicon_file, shipped=False)


@pytest.fixture
def tagger(lexicon: Lexicon) -> Tagger:
    return Tagger(lexicon, CUES)
