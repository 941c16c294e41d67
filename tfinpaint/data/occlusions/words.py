"""Words that `Text` writes: 2048 common English words of three to ten letters, in order, none a name."""

WORDS = tuple(
    """
able about accept accordion account acorn across act action activity actor actual add address adjust admire adopt
advance advice after again against age ago agree ahead air airplane airport alarm alert alive allow alone alphabet
already also always amazing amber among amount anchor ancient and angry animal announce another answer ant anxious
anyone anything apart applaud apple apply approve apron archery architect area argue argument arise around arrange
array arrive art article artist assist astronaut athlete atom attempt attend author avalanche avocado avoid awake
aware away back badger badminton bag bake balance balcony ball ballet balloon bamboo banana bandage banjo bank banquet
barber bare bargain base baseball basement basil basket basketball bat bathe bathroom battery bay beach beak beam bear
beard beautiful beaver because become bed bee beef beet before begin behave behind bell belong below bend beneath
benefit berry between beyond bicycle bike birch bird birth biscuit bison blanket bless blink blizzard block blossom
blouse blow board boat body boil bold bone bonnet book bookcase boot border boss both bottle boulder bounce boundary
bow box boxing boy brain brake branch brand bread breakfast breathe breeze bridge brief bright bring broad broccoli
broken broom broth brother brush bucket buckle budget bugle build builder bulb bundle bury bus business busy but
butter butterfly button buy cabbage cabin cabinet cactus cage cake calendar calm camel camera campus canary candle
candy canopy canvas canyon cape capital capsule captain card cardigan care careful careless cargo carpenter carriage
carrot carry cartoon carve case cashew castle cat catch cave cavern cedar ceiling celery cell cello century cereal
ceremony chain chalk challenge champion chandelier change chapel chapter charcoal charge charm chase chat cheap cheek
cheerful cheese cheetah cherry chess chest chew chicken chief child chilly chimney chin chocolate choir choose chop
chorus church cider cinnamon circus citizen citrus city claim clam clap class classic claw clay clear clerk clever
climb cloak clock close clothes cloud clover club clue coach coast cockpit coconut code coin cold collar collect
college color colorful combine come comedian comedy comfort comic command common company compare compass complain
complete complex computer concept concert connect constant contact contain contest continue contract control cook
cookie cool copy coral corn corner corridor cost costly cottage cotton couch cough counter country county courage
course court cousin cover cowboy coyote crack cracker cradle cranberry crash crawl crayon creamy create credit creek
cricket crisp critic crow crowd crown cruise crystal cube cucumber cup cupboard cure curious current curry curtain
cushion custard customer cut cycling cypress dad daily daisy damage damp dancer dandelion danger dark data date
daughter day deal dear debate decent decide decimal decorate deep deer degree delicate delight deliver demand denim
dentist deny deposit depth describe deserve design designer desk destroy detail detective device dew diagram diamond
dice diet dig dim dinner direct direction discovery discuss dish distance distant district diver dock doctor document
dollar dolphin dome domino doorway dot double dough dove down dozen dragonfly drain drama draw drawer drawing dream
dresser drift drill drive driver drop drum duck dumpling dune dusk dust duty each eagle ear early earring earth east
easy echo eclipse economy edition editor education eel effort egg eight elastic elbow election electron element
elephant elevator else ember embrace emerald empire employ empty encore endless energy engine enjoy enormous enough
enter entrance entry envelope equal equation error escape estate even event every everyone evidence exact examine
example excellent excited exercise exist exit expand expect expert explore explorer export express extent extra eye
fable fabric face fact factory fade failure fair faith falcon fall familiar family famous fancy far farmer fashion
fasten father fault feast feather feature feed feel fellow fence fern ferret ferry fetch fiber fiction field fifty fig
fight figure fill film fin finance find fine finger fire firefly fireman firm first fish fisherman five fix flag
flamingo flannel flash flat fleet flexible flight flock flood floor florist flower fluffy fly fog fold folder foliage
foot for force forehead foreign forest forever forgive fork form formal formula fortune forty fountain four fox
fraction frame freckle free freeze freezer freight fresh friend friendly frog frost frosty fruit fuel function fund
funny furnace furniture further future gain galaxy gallery gap garage garden gardener gas gate gather gazelle gear
gecko gem genuine geyser giant ginger giraffe girl give glad glade glance glider global globe glory glow glue goal
gold golden golf good gorge gown grab grade grain gram grand grandpa grape graph grateful gravel gravity gravy great
green greenhouse grim grin grind grip grow growth guard guest guide guitar gulf gust gym habit hair half hall hallway
hammer hammock hamster handle hang hanger happen harbor hard hardly harmony harness harp harsh hat hatch hawk hazel
head heal health hear heart heat heather hedgehog heel height helmet help helpful hen herb herd here hide high highway
hike hip history hive hockey hold hole holiday holly holy home honey honor hood hoof hop hope horizon hornet horse
hose host hotel hound hour how however hug huge hum humble humid humor hungry hunter hurry husband ice iceberg icing
idea ideal iguana image impact import important impulse inch include income indeed index indoor inform ink inner input
inside inspect inspire instant instead interest internet into invent inventor iris iron island item jacket jaguar jam
jar jasmine jaw jazz jelly jellyfish jersey jewel job jockey jog join joint joke journal journey joy judge juggle
juggler juice jumper jungle juniper just kale kangaroo kayak keen kettle key keyboard kick kilogram kind king kitchen
kite kitten knee kneel knife knight knock knot know koala label labor lace lady ladybug lagoon lamb lamp land lane
large laser last laugh launch laundry lava law lawn lawyer layer lead leader leaf lean leap learn leather leave
lecture left legal lemon lend lens lentil leopard less let letter lettuce lever librarian library license lie life
lifeguard light lightning likely lilac lime limit line link lion lip liquid listen liter little lively lizard llama
load lobster local location locomotive log logic lonely look loop loose lotus loud love lovely luck lucky luggage
lunch lung machine magazine magician magnet magnolia mailbox mailman major make man manage manager mango map maple
marathon marbles march marigold marine marry marsh mask massive mat match material matter mattress mature mayor meadow
meal measure mechanic medal media meerkat meet mellow melody melt member memory mental mention menu merchant message
messenger metal meter method microphone midnight mighty mild mile mill million mind miner minister minor mint miracle
mirror mission mist misty mitten mix mobile model modern modest mole moment money month mood moon moose more morning
mosaic moss most mostly moth motion motive motor mouse mouth move movie mud muffin mug mural muscle museum mushroom
musician mustard mystery name nanny napkin narrow national natural nature nearly neat neck necklace needle neighbor
nephew nest net network neutral new news newspaper nice niece night nimble noble nobody nod noise none noodle noon
north nose note notebook notice novel now number nurse nut nutmeg oasis oat object obvious ocean octopus odd office
officer official oil olive omelet once onion only open operate opinion option orange orca orchard orchestra order
ordinary organ origami original ostrich other otter our out outcome outer output outside oven over owl owner oyster
pace pack paddle page paint painter pair pajamas palace palette palm pan pancake panel panic pansy pants papaya paper
paragraph park parrot parsley partner party pass passage passion passport past pastry patch path patient pattern pause
pavement pay payment peace peach peak peanut pear pebble pecan pedal peel pen pencil penguin people pepper percent
perfect perfume perhaps period person petal pheasant phone physics pianist piano pickle picture pie piece pigeon
pillar pillow pilot pine pineapple pink pipe pitch pitcher pixel place plain plan planet plant plastic plate platform
play player pleasant please plot pluck plumber pocket poem poetry point police polish poll pond pony popcorn poplar
poppy popular porcupine porridge port portrait position positive possible postman pot potato pottery pound pour powder
practice prairie praise precious predict prefer prepare present president press pretty pretzel prevent price primrose
prince princess print private prize problem produce product professor program progress project promise pronounce proof
propeller property protect protein proud provide prune public pudding puddle puffin pull puma pump pumpkin pupil
puppet puppy pure purpose purse push puzzle quality quantity quarter queue quick quiet quilt quiz quote rabbit race
racket radar radiator radish radius rail railway rain rainbow raise range ranger rank rare raspberry rate rather raw
reach reaction ready real realize reason receive recent recipe recover red reduce reef reflect refuse region regular
reindeer relax release rely remain remedy remind remote remove rent repeat replace reply reporter request rescue
research resist resource respect rest result retire return reward rhino rhyme rib ribbon rice rich ride rider ridge
ring rinse ripe rise river road roast robin robot rock rocket roll roof room root rope rose rough routine row rowboat
rub ruby rudder rugby ruler rumor run rural sacred sad saddle safety sail sailing salad salamander salary sale salmon
salsa salt same sample sand sandal sapling sapphire satellite satin sausage savanna save scale scarf scene scent
scholar school science scissors scooter score scratch screen sculptor sculpture seafood seal search season secretary
section sector see seed seek seem select sell senator sense sentence sequence sequoia series serious serve sesame
session set setting seven several severe shadow shake shape share sharp shave shed sheet shelf shell shelter sheriff
shift shine ship shirt shock shoe shore short shorts shout show shower shrimp shrub shrug shut shy side sight sign
silence silent silk silly silver similar simple sing singer sister six size skate skating ski skiing skill skipper
skirt sky sleep sleeve slice slide slogan slope sloth slow smart smell smile smooth snack snake sneaker snowflake
soccer social society sofa soft software solar soldier solid solo solve some somebody something sometimes somewhere
son sonnet soon sort soup sour source south spark sparrow speak spear special species speech spell spend sphere spicy
spider spill spin spiral spirit splash sponsor spoon sport spot spring sprint sprout squad square squash squeeze
stable stadium staff stair staircase stamp stand star stare starfish state station statue status steady steak steam
steel steep steer stem stew stick sticky still stir stocking stone store storm story strange stranger strategy
strawberry street strength stress strict strike string stripe structure student studio stump sturdy style subject
subtle subway success sudden sugar suggest suit summary summer summit sunflower sunlight sunny sunrise super superb
supper support sure surface surfing surprise survey survive sushi swamp swan sweater sweet swift swim swimmer sycamore
symbol symphony system table tablet taco tail tailor talent tall tambourine tango tank target task taste taxi tea
teach teacher teammate teapot tear telephone telescope tell tempo tenant tender tennis tent term terrific territory
text texture than that the theater their them theme theory there these thicket thing think thirsty this thistle thorn
those thought thousand thread threat throat through throw thunder thus thyme ticket tide tidy tie tight tile timber
time tiny tip tire title toast today toddler tofu together toll tomorrow tone tongue tonight tool tooth topic tornado
tortoise total touch tour tourist tournament towel tower town toy track tractor trade tradition traffic trail trailer
trainer tram translate transport treasure treat tree triangle tribe trick tricycle trip trophy tropical truck true
truffle trumpet trust truth try tulip tuna tundra tune turn turnip turtle tutorial twelve twenty twice twilight twin
twist type typical umbrella under uniform unique unit universe unless unpack until upon upper upward use useful user
usher vacation vaccine valid value van vanilla vanish variety vase vast veil velocity velvet verse very vessel vest
victory video view viewer villager vine vinegar violin violinist vision visit vitamin vivid vocabulary volcano
volleyball volume volunteer voyage waffle wage waist wait waiter waitress walk wall wallet walrus waltz wander want
warmth warn warning washer wasp waste watch water waterfall wave wealthy wear weather weave weed week weekend weigh
weight welcome well west wet wetland what wheat when where whether which while whisper whistle who whole whose why
width wild will win wind window wing winter wipe wire wise wish with within without wizard wolf woman wonder wood
wooden woodland wool word work workshop world worth wrap wrist write writer xylophone yak yam yard year yeast yell yes
yet yogurt you young your yummy zebra zero zone zucchini
""".split()
)
